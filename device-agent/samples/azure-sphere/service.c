/* The application's own connection, and what it tells the agent of it. */
#include "service.h"

#include <applibs/log.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "time_of_day.h"
#include "updates.h"

/* A connection that failed is tried again, soon at first. */
#define RETRY_MILLISECONDS_MIN 1000U
#define RETRY_MILLISECONDS_MAX 60000U
/* A service that wants the device to look for a new release says this word: what a direct method of IoT Hub would be. */
#define NUDGE "nudge"

static const configuration *settings;
static connection link_to_service;
static uint64_t generation; /* of the anchors that the connection was made under */
static bool is_open;
static int retry_fd = -1;
static uint64_t retry_milliseconds = RETRY_MILLISECONDS_MIN;

static char *anchors(void *context)
{
    (void)context;
    return updates_anchors(&generation);
}

static service_verdict verdict_of(tls_progress outcome)
{
    if (outcome == TLS_DONE) {
        return SERVICE_VERIFIED;
    }
    /* Without a clock a refusal may be one of dates that nobody can judge. */
    return outcome == TLS_REFUSED && time_of_day_seconds() != 0 ? SERVICE_REFUSED : SERVICE_INCONCLUSIVE;
}

static void ended(void *context, tls_progress outcome, int error)
{
    static const char *const words[] = {"verified", "refused", "inconclusive"};
    (void)context;
    if (outcome != TLS_DONE && is_open) {
        (void)Log_Debug("DA service name=%s state=lost generation=%llu error=%d\n", settings->service,
                        (unsigned long long)generation, error);
    } else {
        service_verdict verdict = verdict_of(outcome);
        (void)Log_Debug("DA service name=%s verdict=%s generation=%llu tls=%s error=%d\n", settings->service, words[verdict],
                        (unsigned long long)generation,
                        outcome == TLS_DONE ? tls_client_version(&link_to_service.client) : "none", error);
        updates_service_result(generation, verdict);
    }
    is_open = outcome == TLS_DONE;
    if (is_open) {
        retry_milliseconds = RETRY_MILLISECONDS_MIN;
        (void)tls_client_send(&link_to_service.client, "GET / HTTP/1.0\r\n\r\n");
        return;
    }
    (void)timer_set(retry_fd, retry_milliseconds);
    retry_milliseconds = retry_milliseconds * 2 < RETRY_MILLISECONDS_MAX ? retry_milliseconds * 2 : RETRY_MILLISECONDS_MAX;
}

static void received(void *context, const char *text, size_t bytes)
{
    (void)context;
    if (bytes >= strlen(NUDGE) && memcmp(text, NUDGE, strlen(NUDGE)) == 0) {
        updates_nudge();
    }
}

static void connect_now(void)
{
    connection_start(&link_to_service, settings->host, settings->port, settings->address);
}

static void retry(EventLoop *loop, int fd, EventLoop_IoEvents events, void *context)
{
    uint64_t count = 0;
    (void)loop;
    (void)events;
    (void)context;
    (void)!read(fd, &count, sizeof count);
    if (link_to_service.state == CONNECTION_CLOSED) {
        connect_now();
    }
}

bool service_start(const configuration *configuration, EventLoop *loop)
{
    settings = configuration;
    link_to_service = (connection){.anchors = anchors, .ended = ended, .received = received};
    retry_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (retry_fd < 0 || EventLoop_RegisterIo(loop, retry_fd, EventLoop_Input, retry, NULL) == NULL ||
        !connection_prepare(&link_to_service, loop)) {
        return false;
    }
    connect_now();
    return true;
}

void service_restart(void)
{
    connection_close(&link_to_service);
    is_open = false;
    retry_milliseconds = RETRY_MILLISECONDS_MIN;
    (void)timer_set(retry_fd, 0);
    connect_now();
}

void service_stop(void)
{
    connection_close(&link_to_service);
}
