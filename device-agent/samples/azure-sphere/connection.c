/* Resolve, connect, shake hands, receive: one state machine without a blocking call. */
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "resolver.h"

/* From the question for a name to the end of the handshake. A slow server is no reason to hold memory for longer. */
#define DEADLINE_MILLISECONDS 20000
#define MILLISECONDS_PER_SECOND 1000U
#define NANOSECONDS_PER_MILLISECOND 1000000L
/* A message of the service, of which this sample understands one word. */
#define RECEIVED_BYTES 256

bool timer_set(int timer_fd, uint64_t milliseconds)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(milliseconds / MILLISECONDS_PER_SECOND),
                                           .tv_nsec = (long)(milliseconds % MILLISECONDS_PER_SECOND) * NANOSECONDS_PER_MILLISECOND}};
    return timerfd_settime(timer_fd, 0, &when, NULL) == 0;
}

static void end(connection *connection, tls_progress outcome, int error)
{
    connection_close(connection);
    connection->ended(connection->context, outcome, error);
}

static void expired(EventLoop *loop, int fd, EventLoop_IoEvents events, void *context)
{
    uint64_t count = 0;
    (void)loop;
    (void)events;
    (void)!read(fd, &count, sizeof count);
    end(context, TLS_FAILED, ETIMEDOUT);
}

bool connection_prepare(connection *connection, EventLoop *loop)
{
    connection->loop = loop;
    connection->client.fd = -1;
    connection->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (connection->timer_fd < 0) {
        return false;
    }
    connection->timer_registration = EventLoop_RegisterIo(loop, connection->timer_fd, EventLoop_Input, expired, connection);
    return connection->timer_registration != NULL;
}

void connection_close(connection *connection)
{
    connection->state = CONNECTION_CLOSED;
    connection->ticket++;
    (void)timer_set(connection->timer_fd, 0);
    (void)EventLoop_UnregisterIo(connection->loop, connection->socket_registration);
    connection->socket_registration = NULL;
    tls_client_close(&connection->client);
}

static void receive(connection *connection)
{
    char text[RECEIVED_BYTES];
    size_t bytes = 0;
    tls_progress progress = TLS_DONE;
    while (progress == TLS_DONE && connection->state == CONNECTION_OPEN) {
        progress = tls_client_receive(&connection->client, text, sizeof text, &bytes);
        if (progress == TLS_DONE) {
            connection->received(connection->context, text, bytes);
        }
    }
    if (progress == TLS_REFUSED || progress == TLS_FAILED) {
        end(connection, TLS_FAILED, connection->client.error);
    }
}

static void shake_hands(connection *connection)
{
    tls_progress progress = tls_client_handshake(&connection->client);
    EventLoop_IoEvents wanted = progress == TLS_WANTS_WRITE ? EventLoop_Output : EventLoop_Input;
    if (progress == TLS_REFUSED || progress == TLS_FAILED) {
        end(connection, progress, connection->client.error);
        return;
    }
    if (EventLoop_ModifyIoEvents(connection->loop, connection->socket_registration, wanted) != 0) {
        end(connection, TLS_FAILED, errno);
        return;
    }
    if (progress == TLS_DONE) {
        connection->state = CONNECTION_OPEN;
        (void)timer_set(connection->timer_fd, 0);
        connection->ended(connection->context, TLS_DONE, 0);
    }
}

static void socket_ready(EventLoop *loop, int fd, EventLoop_IoEvents events, void *context)
{
    connection *connection = context;
    (void)loop;
    (void)fd;
    (void)events;
    if (connection->state == CONNECTION_OPEN) {
        receive(connection);
    } else {
        shake_hands(connection);
    }
}

static void resolved(void *context, uint32_t ticket, const uint8_t *address, size_t address_bytes)
{
    connection *connection = context;
    if (connection->state != CONNECTION_RESOLVING || ticket != connection->ticket) {
        return;
    }
    if (address_bytes == 0) {
        end(connection, TLS_FAILED, EHOSTUNREACH);
        return;
    }
    char *anchors = connection->chain == NULL ? connection->anchors(connection->context) : NULL;
    bool opened = (anchors != NULL || connection->chain != NULL) &&
                  tls_client_open(&connection->client, address, address_bytes, connection->port, connection->host, anchors,
                                  connection->chain);
    free(anchors);
    if (opened) {
        connection->state = CONNECTION_HANDSHAKE;
        connection->socket_registration =
            EventLoop_RegisterIo(connection->loop, connection->client.fd, EventLoop_Output, socket_ready, connection);
    }
    if (!opened || connection->socket_registration == NULL) {
        end(connection, TLS_FAILED, opened ? errno : connection->client.error);
    }
}

void connection_start(connection *connection, const char *host, uint16_t port, const char *address)
{
    uint8_t bytes[ADDRESS_BYTES_MAX];
    connection_close(connection);
    connection->host = host;
    connection->port = port;
    connection->state = CONNECTION_RESOLVING;
    (void)timer_set(connection->timer_fd, DEADLINE_MILLISECONDS);
    if (address != NULL && inet_pton(AF_INET, address, bytes) == 1) {
        resolved(connection, connection->ticket, bytes, sizeof(struct in_addr));
    } else if (!resolver_ask(host, connection->ticket, resolved, connection)) {
        end(connection, TLS_FAILED, EAGAIN);
    }
}
