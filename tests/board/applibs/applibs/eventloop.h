/* The signatures of Azure Sphere's applibs/eventloop.h. */
#ifndef BOARD_APPLIBS_EVENTLOOP_H
#define BOARD_APPLIBS_EVENTLOOP_H

#include <stdbool.h>
#include <stdint.h>

typedef struct EventLoop EventLoop;
typedef struct EventRegistration EventRegistration;

/* NULL and errno where there is no memory. */
EventLoop *EventLoop_Create(void);
void EventLoop_Close(EventLoop *el);

typedef int EventLoop_Run_Result;
enum {
    EventLoop_Run_Failed = -1,
    EventLoop_Run_FinishedEmpty = 0,
    EventLoop_Run_Finished = 1,
};

/* Runs callbacks of what is ready: for so long, or without end where the duration is negative, or until one event was served.
 * EFAULT, EBUSY where it is called from a callback, EINTR. */
EventLoop_Run_Result EventLoop_Run(EventLoop *el, int duration_in_milliseconds, bool process_one_event);

/* Ends the run that is under way. The one function that another thread may call. */
int EventLoop_Stop(EventLoop *el);

/* A descriptor that is readable while there is something to run. */
int EventLoop_GetWaitDescriptor(EventLoop *el);

typedef uint32_t EventLoop_IoEvents;
enum {
    EventLoop_None = 0x00,
    EventLoop_Input = 0x01,
    EventLoop_Output = 0x04,
    EventLoop_Error = 0x08,
};

typedef void EventLoopIoCallback(EventLoop *el, int fd, EventLoop_IoEvents events, void *context);

/* NULL and errno: EFAULT, EINVAL, EBADF, EEXIST where the descriptor has a registration already. */
EventRegistration *EventLoop_RegisterIo(EventLoop *el, int fd, EventLoop_IoEvents eventBitmask,
                                        EventLoopIoCallback *callback, void *context);
int EventLoop_ModifyIoEvents(EventLoop *el, EventRegistration *reg, EventLoop_IoEvents eventBitmask);
/* Nothing where the registration is NULL. The descriptor must still be open. */
int EventLoop_UnregisterIo(EventLoop *el, EventRegistration *reg);

#endif
