/* Where the agent is called: its callbacks, its step, and what it waits for. */
#include "updates.h"

#include <applibs/log.h>
#include <applibs/storage.h>
#include <device_agent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "own_bytes.h"
#include "probe.h"
#include "resolver.h"
#include "stack.h"
#include "time_of_day.h"

/* The name of the seed in the image package: `cloud-updater export seed --out seed`. */
#define SEED "seed"

static const configuration *settings;
static device_agent *agent;
static void *arena;
static size_t arena_bytes;
static EventLoop *event_loop;
static EventRegistration *socket_registration;
static int timer_fd = -1;
static void (*tell_changed)(void);
static bool has_changed;
static bool has_report;
static uint32_t report_ticket;
static device_agent_snapshot last;

static void refused(const char *what, int32_t code)
{
    if (code < 0) {
        (void)Log_Debug("DA error code=%s what=%s\n", device_agent_code_name(code), what);
    }
}

/* Steps soon, from the event loop: never from inside whatever called. */
static void wake(void)
{
    (void)timer_set(timer_fd, 1);
}

static uint64_t unix_seconds(void *context)
{
    (void)context;
    return time_of_day_seconds();
}

static void resolved(void *context, uint32_t ticket, const uint8_t *address, size_t address_bytes)
{
    (void)context;
    refused("resolved", device_agent_resolved(agent, ticket, address, address_bytes));
    wake();
}

static int32_t resolve(void *context, uint32_t ticket, const char *host)
{
    return resolver_ask(host, ticket, resolved, context) ? 0 : -1;
}

static void probed(uint32_t ticket, const tls_chain *chain)
{
    int32_t code = chain == NULL ? device_agent_probed(agent, ticket, DEVICE_AGENT_INCONCLUSIVE, DEVICE_AGENT_INCONCLUSIVE)
                                 : device_agent_probed_chain(agent, ticket, chain->certificates, chain->certificate_bytes, chain->count);
    refused("probed", code);
    wake();
}

static int32_t probe(void *context, const device_agent_probe *wanted)
{
    (void)context;
    bool mine = settings->own_probes && strcmp(wanted->service, settings->service) == 0;
    const char *address = mine && strcmp(wanted->host, settings->host) == 0 ? settings->address : NULL;
    return mine && probe_start(wanted->ticket, wanted->host, wanted->port, address) ? DEVICE_AGENT_PROBE_STARTED : DEVICE_AGENT_PROBE_YOURS;
}

static void changed(void *context, uint64_t generation)
{
    (void)context;
    (void)generation;
    has_changed = true;
}

/* A report leaves over a connection that proves which device it is; this application has none that could carry it, so its log stands
 * for that. The answer must wait: no callback may call the agent. */
static int32_t report(void *context, uint32_t ticket, const uint8_t *message, size_t message_bytes)
{
    (void)context;
    (void)Log_Debug("DA report bytes=%zu message=", message_bytes);
    for (size_t index = 0; index < message_bytes; index++) {
        (void)Log_Debug("%02x", message[index]);
    }
    (void)Log_Debug("\n");
    report_ticket = ticket;
    has_report = true;
    return 0;
}

static void log_line(void *context, int32_t level, const char *line)
{
    static const char *const levels[] = {"error", "warning", "information"};
    (void)context;
    (void)Log_Debug("DA log level=%s text=%s\n", level >= 0 && level < 3 ? levels[level] : "unknown", line);
}

static void log_snapshot(const char *event, const device_agent_snapshot *now)
{
    static const char *const phases[] = {"seed", "confirmed", "trial"};
    (void)Log_Debug("DA %s generation=%llu release=%u.%lu keyring=%u.%lu phase=%s reason=%s stale=%d clock_unknown=%d unauthenticated=%d\n",
                    event, (unsigned long long)now->generation, now->release.epoch, (unsigned long)now->release.number,
                    now->keyring.epoch, (unsigned long)now->keyring.number, now->phase < 3 ? phases[now->phase] : "unknown",
                    device_agent_reason_name(now->reason), now->stale, now->clock_unknown, now->unauthenticated);
}

/* One line for each cycle that has ended, and one for each change of what is trusted. */
static void log_differences(void)
{
    device_agent_snapshot now = {.struct_size = sizeof now};
    if (device_agent_snapshot_read(&now) != DEVICE_AGENT_OK) {
        return;
    }
    if (now.cycles != last.cycles) {
        log_snapshot("cycle", &now);
        if (settings->cycles_max > 0 && now.cycles >= settings->cycles_max) {
            /* As the operating system ends an application. */
            (void)raise(SIGTERM);
        }
    }
    if (has_changed) {
        log_snapshot("changed", &now);
    }
    last = now;
}

static void step(EventLoop *loop, int fd, EventLoop_IoEvents events, void *context);

/* Sets the event loop up for what the agent waits for. */
static void wait_for(bool more)
{
    device_agent_wait wait = {.struct_size = sizeof wait, .fd = -1};
    int32_t code = device_agent_wait_for(agent, &wait);
    if (code != DEVICE_AGENT_OK) {
        refused("wait_for", code);
        return;
    }
    if (wait.fd >= 0) {
        EventLoop_IoEvents events = wait.readable ? (EventLoop_IoEvents)EventLoop_Input : 0;
        events |= wait.writable ? (EventLoop_IoEvents)EventLoop_Output : 0;
        socket_registration = EventLoop_RegisterIo(event_loop, wait.fd, events, step, NULL);
        if (socket_registration == NULL) {
            (void)Log_Debug("DA error code=event_loop what=register errno=%d\n", errno);
        }
    }
    if (more || wait.timeout_milliseconds == 0) {
        wake();
    } else {
        (void)timer_set(timer_fd, wait.timeout_milliseconds == UINT64_MAX ? 0 : wait.timeout_milliseconds);
    }
}

/* One step, which checks one signature at most; then the loop is the application's again. */
static void step(EventLoop *loop, int fd, EventLoop_IoEvents events, void *context)
{
    uint64_t count = 0;
    (void)loop;
    (void)events;
    (void)context;
    if (fd == timer_fd) {
        (void)!read(fd, &count, sizeof count);
    }
    /* The agent may close its socket in a step, and the loop must not hold a closed one. */
    (void)EventLoop_UnregisterIo(event_loop, socket_registration);
    socket_registration = NULL;
    stack_paint();
    int32_t code = device_agent_step(agent);
    stack_measure();
    refused("step", code);
    if (has_report) {
        has_report = false;
        refused("reported", device_agent_reported(agent, report_ticket, true));
    }
    wait_for(code == DEVICE_AGENT_AGAIN);
    log_differences();
    if (has_changed) {
        has_changed = false;
        tell_changed();
    }
}

/* The seed is mapped, not read: its pages are the image's and no memory of the application. They stay for ever. */
static const uint8_t *map_seed(size_t *bytes)
{
    struct stat status;
    int fd = Storage_OpenFileInImagePackage(SEED);
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size <= 0) {
        (void)Log_Debug("DA error code=seed what=open errno=%d\n", errno);
        return NULL;
    }
    *bytes = (size_t)status.st_size;
    const uint8_t *seed = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    return seed == MAP_FAILED ? NULL : seed;
}

static int32_t start_agent(int store_fd, const uint8_t *seed, size_t seed_bytes)
{
    device_agent_config config = {
        .struct_size = sizeof config,
        .device = settings->device,
        .channel = settings->channel,
        .groups = settings->groups,
        .group_count = settings->group_count,
        .observe = settings->observe,
        .seed = seed,
        .seed_bytes = seed_bytes,
        .store_fd = store_fd,
        .store_offset = REGION_OFFSET,
        .store_bytes = REGION_BYTES,
        .urls = settings->urls,
        .url_count = settings->url_count,
        .allowed_hosts = settings->allowed_host_count > 0 ? settings->allowed_hosts : NULL,
        .allowed_host_count = settings->allowed_host_count,
        .callbacks = {.struct_size = sizeof config.callbacks,
                      .unix_seconds = unix_seconds,
                      .resolve = resolve,
                      .probe = probe,
                      .changed = changed,
                      .report = report,
                      .log = log_line},
        .census = settings->census,
    };
    stack_paint();
    int32_t code = device_agent_start(&config, arena, arena_bytes, &agent);
    stack_measure();
    return code;
}

bool updates_start(const configuration *configuration, EventLoop *loop, int store_fd, void (*on_change)(void))
{
    size_t seed_bytes = 0;
    settings = configuration;
    event_loop = loop;
    tell_changed = on_change;
    if (device_agent_abi_version() != DEVICE_AGENT_ABI_VERSION) {
        (void)Log_Debug("DA error code=abi what=%lu\n", (unsigned long)device_agent_abi_version());
        return false;
    }
    arena_bytes = device_agent_arena_size();
    (void)Log_Debug("DA start abi=%d arena_bytes=%zu device=%s channel=%s\n", DEVICE_AGENT_ABI_VERSION, arena_bytes,
                    settings->device, settings->channel);
    const uint8_t *seed = map_seed(&seed_bytes);
    arena = mmap(NULL, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (seed == NULL || arena == MAP_FAILED || timer_fd < 0 || !probe_prepare(loop, probed) ||
        EventLoop_RegisterIo(loop, timer_fd, EventLoop_Input, step, NULL) == NULL) {
        (void)Log_Debug("DA error code=start what=resources errno=%d\n", errno);
        return false;
    }
    int32_t code = start_agent(store_fd, seed, seed_bytes);
    refused("start", code);
    if (code != DEVICE_AGENT_OK) {
        return false;
    }
    last = (device_agent_snapshot){.struct_size = sizeof last};
    refused("snapshot", device_agent_snapshot_read(&last));
    log_snapshot("ready", &last);
    wake();
    return true;
}

char *updates_anchors(uint64_t *generation)
{
    device_agent_snapshot now = {.struct_size = sizeof now};
    size_t needed = 0;
    refused("snapshot", device_agent_snapshot_read(&now));
    *generation = now.generation;
    int32_t code = device_agent_anchors(agent, DEVICE_AGENT_INSTALLED, settings->service, DEVICE_AGENT_PEM, NULL, 0, &needed);
    if (code != DEVICE_AGENT_BUFFER_TOO_SMALL && code != DEVICE_AGENT_OK) {
        refused("anchors", code);
        return NULL;
    }
    char *pem = malloc(needed);
    if (pem == NULL) {
        return NULL;
    }
    code = device_agent_anchors(agent, DEVICE_AGENT_INSTALLED, settings->service, DEVICE_AGENT_PEM, (uint8_t *)pem, needed, &needed);
    if (code != DEVICE_AGENT_OK) {
        refused("anchors", code);
        free(pem);
        return NULL;
    }
    return pem;
}

void updates_service_result(uint64_t generation, service_verdict verdict)
{
    static const int32_t verdicts[] = {DEVICE_AGENT_VERIFIED, DEVICE_AGENT_REFUSED, DEVICE_AGENT_INCONCLUSIVE};
    refused("service_result", device_agent_service_result(agent, settings->service, generation, verdicts[verdict]));
    wake();
}

void updates_nudge(void)
{
    refused("nudge", device_agent_nudge(agent));
    wake();
}

void updates_figures(void)
{
    device_agent_snapshot now = {.struct_size = sizeof now};
    refused("snapshot", device_agent_snapshot_read(&now));
    (void)Log_Debug("DA figure arena_bytes=%zu\n", arena_bytes);
    (void)Log_Debug("DA figure arena_bytes_used=%lu\n", (unsigned long)now.arena_bytes_used);
    (void)Log_Debug("DA figure arena_bytes_peak=%lu\n", (unsigned long)now.arena_bytes_peak);
    if (stack_peak() > 0) {
        (void)Log_Debug("DA figure stack_bytes_peak=%zu\n", stack_peak());
    }
}

void updates_stop(void)
{
    (void)EventLoop_UnregisterIo(event_loop, socket_registration);
    socket_registration = NULL;
    device_agent_stop(agent);
    agent = NULL;
    (void)munmap(arena, arena_bytes);
}
