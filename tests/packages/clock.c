/* This machine's clock, some years on: stands before the C library (LD_PRELOAD) of an emulator, which asks it for the
   time on behalf of the program that it runs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME)
        time->tv_sec += SECONDS_ADDED;
    return result;
}
