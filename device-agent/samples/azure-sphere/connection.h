/* One connection on the event loop: the name resolved, TCP, TLS, all with one deadline. The application has two of these: to its
 * service, and for a probe. */
#ifndef SAMPLE_CONNECTION_H
#define SAMPLE_CONNECTION_H

#include <applibs/eventloop.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls_client.h"

typedef enum { CONNECTION_CLOSED, CONNECTION_RESOLVING, CONNECTION_HANDSHAKE, CONNECTION_OPEN } connection_state;

typedef struct connection connection;

struct connection {
    connection_state state;
    EventLoop *loop;
    EventRegistration *socket_registration;
    EventRegistration *timer_registration;
    int timer_fd;
    uint32_t ticket; /* of the name that is asked for: older answers are nobody's */
    tls_client client;
    const char *host;
    uint16_t port;
    tls_chain *chain;
    /* The anchors to verify under, from malloc: asked for when they are needed, and freed when the context has them. NULL with `chain`. */
    char *(*anchors)(void *context);
    /* TLS_DONE: it is open now. Else it has been closed. Also when it closes later. */
    void (*ended)(void *context, tls_progress outcome, int error);
    void (*received)(void *context, const char *text, size_t bytes);
    void *context;
};

/* Makes the connection's timer. False and errno where that cannot be. */
bool connection_prepare(connection *connection, EventLoop *loop);

/* Starts; what comes of it is told by `ended`. `address` in words where the name system is not to be asked, or NULL. */
void connection_start(connection *connection, const char *host, uint16_t port, const char *address);

/* Closes without a word to `ended`. */
void connection_close(connection *connection);

/* A timer of an event loop: nothing in `milliseconds` of 0 disarms it. */
bool timer_set(int timer_fd, uint64_t milliseconds);

#endif
