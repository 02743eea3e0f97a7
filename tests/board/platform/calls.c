/* The functions of the host's C library that qemu-arm carries its guest's system calls out with, taken over. */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "../control/control.h"

#define NANOSECONDS_PER_MICROSECOND 1000

static struct timespec started;

__attribute__((constructor)) static void start(void)
{
    (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &started);
    (void)board_control_now(); /* refuses what it cannot understand before the program starts */
    medium_start();
    fence_start();
}

/* The board's time of day. */
static int board_time(struct timespec *now)
{
    board_control control = board_control_now();
    if (control.clock == BOARD_CLOCK_UNSET) {
        if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, now) != 0) {
            return -1;
        }
        now->tv_sec -= started.tv_sec;
        return 0;
    }
    if (syscall(SYS_clock_gettime, CLOCK_REALTIME, now) != 0) {
        return -1;
    }
    now->tv_sec += control.clock == BOARD_CLOCK_SHIFTED ? (time_t)control.shift_seconds : 0;
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        return board_time(now);
    }
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME)) {
        now->tv_sec += (time_t)board_control_now().uptime_seconds;
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec time;
    (void)zone;
    if (board_time(&time) != 0) {
        return -1;
    }
    *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / NANOSECONDS_PER_MICROSECOND};
    return 0;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return medium_is(fd) ? medium_write(fd, bytes, count, offset) : syscall(SYS_pwrite64, fd, bytes, count, offset);
}

int ftruncate64(int fd, off64_t length)
{
    return medium_is(fd) ? medium_truncate(fd, length) : (int)syscall(SYS_ftruncate, fd, length);
}

int fsync(int fd)
{
    return medium_is(fd) ? medium_sync(fd, false) : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return medium_is(fd) ? medium_sync(fd, true) : (int)syscall(SYS_fdatasync, fd);
}

/* The platform's file systems do not reserve room. */
int fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
    if (medium_is(fd)) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}
