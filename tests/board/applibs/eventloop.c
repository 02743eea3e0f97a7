/* applibs' event loop, over epoll, with the platform's rules: one registration a descriptor, one run at a time. */
#define _GNU_SOURCE
#include <applibs/eventloop.h>

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* More than any application here has; a fixed table, so that memory is known. */
#define LOOPS_MAX 2
#define REGISTRATIONS_MAX 16
#define MILLISECONDS_PER_SECOND 1000
#define NANOSECONDS_PER_MILLISECOND 1000000

struct EventRegistration {
    int fd;
    EventLoopIoCallback *callback;
    void *context;
};

struct EventLoop {
    bool open;
    bool running;
    atomic_bool stopping;
    int epoll_fd;
    int stop_fd;
    EventRegistration registrations[REGISTRATIONS_MAX];
};

static EventLoop loops[LOOPS_MAX];

static int64_t milliseconds_now(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MILLISECONDS_PER_SECOND + now.tv_nsec / NANOSECONDS_PER_MILLISECOND;
}

EventLoop *EventLoop_Create(void)
{
    for (size_t index = 0; index < LOOPS_MAX; index++) {
        EventLoop *el = &loops[index];
        if (el->open) {
            continue;
        }
        *el = (EventLoop){.open = true, .epoll_fd = epoll_create1(EPOLL_CLOEXEC), .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
        struct epoll_event stop = {.events = EPOLLIN, .data.ptr = NULL};
        if (el->epoll_fd < 0 || el->stop_fd < 0 || epoll_ctl(el->epoll_fd, EPOLL_CTL_ADD, el->stop_fd, &stop) != 0) {
            EventLoop_Close(el);
            return NULL;
        }
        return el;
    }
    errno = ENOMEM;
    return NULL;
}

void EventLoop_Close(EventLoop *el)
{
    if (el != NULL) {
        (void)close(el->epoll_fd);
        (void)close(el->stop_fd);
        el->open = false;
    }
}

static void serve(EventLoop *el, const struct epoll_event *ready)
{
    EventRegistration *registration = ready->data.ptr;
    if (registration == NULL) {
        uint64_t ignored = 0;
        (void)!read(el->stop_fd, &ignored, sizeof ignored);
        return;
    }
    EventLoop_IoEvents events = EventLoop_None;
    events |= (ready->events & EPOLLIN) != 0 ? (EventLoop_IoEvents)EventLoop_Input : 0;
    events |= (ready->events & EPOLLOUT) != 0 ? (EventLoop_IoEvents)EventLoop_Output : 0;
    events |= (ready->events & (EPOLLERR | EPOLLHUP)) != 0 ? (EventLoop_IoEvents)EventLoop_Error : 0;
    registration->callback(el, registration->fd, events, registration->context);
}

/* Events are taken one by one: a callback may unregister what would have come next. */
static EventLoop_Run_Result run(EventLoop *el, int duration, bool one)
{
    EventLoop_Run_Result result = EventLoop_Run_FinishedEmpty;
    int64_t end = milliseconds_now() + duration;
    while (!atomic_exchange(&el->stopping, false)) {
        int64_t left = duration < 0 ? -1 : end - milliseconds_now();
        struct epoll_event ready;
        int count = epoll_wait(el->epoll_fd, &ready, 1, duration >= 0 && left < 0 ? 0 : (int)left);
        if (count < 0) {
            return EventLoop_Run_Failed;
        }
        if (count > 0) {
            serve(el, &ready);
            result = ready.data.ptr == NULL ? result : EventLoop_Run_Finished;
        }
        bool served = count > 0 && ready.data.ptr != NULL;
        if (duration == 0 || (one && served) || (duration > 0 && milliseconds_now() >= end)) {
            break;
        }
    }
    return result;
}

EventLoop_Run_Result EventLoop_Run(EventLoop *el, int duration_in_milliseconds, bool process_one_event)
{
    if (el == NULL || el->running) {
        errno = el == NULL ? EFAULT : EBUSY;
        return EventLoop_Run_Failed;
    }
    el->running = true;
    EventLoop_Run_Result result = run(el, duration_in_milliseconds, process_one_event);
    el->running = false;
    return result;
}

int EventLoop_Stop(EventLoop *el)
{
    if (el == NULL) {
        errno = EFAULT;
        return -1;
    }
    uint64_t one = 1;
    atomic_store(&el->stopping, true);
    return write(el->stop_fd, &one, sizeof one) == (ssize_t)sizeof one ? 0 : -1;
}

int EventLoop_GetWaitDescriptor(EventLoop *el)
{
    if (el == NULL) {
        errno = EFAULT;
        return -1;
    }
    return el->epoll_fd;
}

static bool wanted(EventLoop_IoEvents events, EventRegistration *registration, struct epoll_event *event)
{
    if ((events & ~(EventLoop_IoEvents)(EventLoop_Input | EventLoop_Output | EventLoop_Error)) != 0) {
        errno = EINVAL;
        return false;
    }
    event->data.ptr = registration;
    event->events = (events & EventLoop_Input) != 0 ? EPOLLIN : 0;
    event->events |= (events & EventLoop_Output) != 0 ? EPOLLOUT : 0;
    return true;
}

EventRegistration *EventLoop_RegisterIo(EventLoop *el, int fd, EventLoop_IoEvents eventBitmask,
                                        EventLoopIoCallback *callback, void *context)
{
    struct epoll_event event = {0};
    if (el == NULL || callback == NULL) {
        errno = EFAULT;
        return NULL;
    }
    for (size_t index = 0; index < REGISTRATIONS_MAX; index++) {
        EventRegistration *registration = &el->registrations[index];
        if (registration->callback != NULL) {
            continue;
        }
        if (!wanted(eventBitmask, registration, &event) || epoll_ctl(el->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
            return NULL;
        }
        *registration = (EventRegistration){.fd = fd, .callback = callback, .context = context};
        return registration;
    }
    errno = ENOMEM;
    return NULL;
}

int EventLoop_ModifyIoEvents(EventLoop *el, EventRegistration *reg, EventLoop_IoEvents eventBitmask)
{
    struct epoll_event event = {0};
    if (el == NULL || reg == NULL) {
        errno = EFAULT;
        return -1;
    }
    return wanted(eventBitmask, reg, &event) ? epoll_ctl(el->epoll_fd, EPOLL_CTL_MOD, reg->fd, &event) : -1;
}

int EventLoop_UnregisterIo(EventLoop *el, EventRegistration *reg)
{
    if (reg == NULL) {
        return 0;
    }
    if (el == NULL) {
        errno = EFAULT;
        return -1;
    }
    int result = epoll_ctl(el->epoll_fd, EPOLL_CTL_DEL, reg->fd, NULL);
    *reg = (EventRegistration){0};
    return result;
}
