/* An Azure Sphere application with a device agent inside: one event loop, one service, one mutable file. See README.md; the lines
 * that it logs are described in PROTOCOL.md. */
#include <applibs/applications.h>
#include <applibs/eventloop.h>
#include <applibs/log.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "configuration.h"
#include "own_bytes.h"
#include "resolver.h"
#include "service.h"
#include "tls_client.h"
#include "updates.h"

/* The operating system reads these back after an exit. */
typedef enum { ENDED_BY_SIGNAL = 0, ENDED_CONFIGURATION = 2, ENDED_START = 3, ENDED_LOOP = 4 } ending;

static configuration settings;
static int store_fd = -1;
static int terminate_fd = -1;
static bool terminating;

/* Two seconds are left from here to SIGKILL. Of all that may be called in a signal handler, write(2) is enough. */
static void on_terminate(int signal)
{
    int error = errno;
    uint64_t one = 1;
    (void)signal;
    (void)!write(terminate_fd, &one, sizeof one);
    errno = error;
}

static void terminate(EventLoop *loop, int fd, EventLoop_IoEvents events, void *context)
{
    (void)fd;
    (void)events;
    (void)context;
    terminating = true;
    (void)EventLoop_Stop(loop);
}

static void names_resolved(EventLoop *loop, int fd, EventLoop_IoEvents events, void *context)
{
    (void)loop;
    (void)fd;
    (void)events;
    (void)context;
    resolver_deliver();
}

static bool hear_termination(EventLoop *loop)
{
    struct sigaction action = {.sa_handler = on_terminate};
    terminate_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return terminate_fd >= 0 && EventLoop_RegisterIo(loop, terminate_fd, EventLoop_Input, terminate, NULL) != NULL &&
           sigemptyset(&action.sa_mask) == 0 && sigaction(SIGTERM, &action, NULL) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

static void log_figures(void)
{
    updates_figures();
    (void)Log_Debug("DA figure tls_heap_bytes=%zu\n", tls_client_heap());
    (void)Log_Debug("DA figure tls_heap_bytes_peak=%zu\n", tls_client_heap_peak());
    (void)Log_Debug("DA figure user_kib=%zu\n", Applications_GetUserModeMemoryUsageInKB());
    (void)Log_Debug("DA figure user_kib_peak=%zu\n", Applications_GetPeakUserModeMemoryUsageInKB());
    (void)Log_Debug("DA figure total_kib=%zu\n", Applications_GetTotalMemoryUsageInKB());
}

/* What applications trust is another set now: a context that was made before goes on trusting the old one. */
static void trust_changed(void)
{
    own_bytes_count_change(store_fd);
    service_restart();
    log_figures();
}

static bool start(EventLoop *loop)
{
    int resolver_fd = resolver_start();
    store_fd = own_bytes_open();
    return resolver_fd >= 0 && store_fd >= 0 && EventLoop_RegisterIo(loop, resolver_fd, EventLoop_Input, names_resolved, NULL) != NULL &&
           hear_termination(loop) && tls_client_library_start() && updates_start(&settings, loop, store_fd, trust_changed) &&
           service_start(&settings, loop);
}

int main(int count, char **arguments)
{
    if (!configuration_read(&settings, count, arguments)) {
        return ENDED_CONFIGURATION;
    }
    EventLoop *loop = EventLoop_Create();
    if (loop == NULL || !start(loop)) {
        (void)Log_Debug("DA stop ending=%d errno=%d\n", ENDED_START, errno);
        return ENDED_START;
    }
    ending ending = ENDED_BY_SIGNAL;
    while (!terminating) {
        if (EventLoop_Run(loop, -1, true) == EventLoop_Run_Failed && errno != EINTR) {
            ending = ENDED_LOOP;
            break;
        }
    }
    service_stop();
    log_figures();
    updates_stop();
    EventLoop_Close(loop);
    (void)close(store_fd);
    (void)Log_Debug("DA stop ending=%d errno=%d\n", (int)ending, 0);
    return (int)ending;
}
