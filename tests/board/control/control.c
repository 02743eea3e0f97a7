/* Reading the environment and the control file. See README.md, "Environment" and "Control, while it runs". */
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A control file is a few short lines. */
#define CONTROL_BYTES_MAX 1024

_Noreturn void board_refuse(const char *what, const char *value)
{
    (void)dprintf(STDERR_FILENO, "board: %s: %s\n", what, value == NULL ? "(not set)" : value);
    _exit(BOARD_EXIT_SETUP);
}

bool board_path(const char *name, char *path, size_t path_bytes)
{
    const char *directory = getenv("BOARD_DIRECTORY");
    if (directory == NULL || directory[0] == '\0') {
        return false;
    }
    int length = snprintf(path, path_bytes, "%s/%s", directory, name);
    return length > 0 && (size_t)length < path_bytes;
}

static bool number_in(const char *text, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-') {
        return false;
    }
    *number = value;
    return true;
}

uint64_t board_number(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    uint64_t number = otherwise;
    if (text != NULL && !number_in(text, &number)) {
        board_refuse(variable, text);
    }
    return number;
}

/* `since` is the machine's time at which the clock showed the value. */
static void set_clock(board_control *control, const char *value, int64_t since)
{
    uint64_t seconds = 0;
    if (strcmp(value, "unset") == 0) {
        control->clock = BOARD_CLOCK_UNSET;
    } else if (strcmp(value, "kernel") == 0) {
        control->clock = BOARD_CLOCK_KERNEL;
    } else if (number_in(value, &seconds) && seconds <= (uint64_t)INT64_MAX) {
        control->clock = BOARD_CLOCK_SHIFTED;
        control->shift_seconds = (int64_t)seconds - since;
    } else {
        board_refuse("clock", value);
    }
}

static bool either(const char *key, const char *value, const char *yes, const char *no)
{
    if (strcmp(value, yes) != 0 && strcmp(value, no) != 0) {
        board_refuse(key, value);
    }
    return strcmp(value, yes) == 0;
}

static void set(board_control *control, const char *key, const char *value, int64_t since)
{
    if (strcmp(key, "network") == 0) {
        control->network_up = either(key, value, "up", "down");
    } else if (strcmp(key, "device_auth") == 0) {
        control->device_auth_ready = either(key, value, "ready", "waiting");
    } else if (strcmp(key, "clock") == 0) {
        set_clock(control, value, since);
    } else if (strcmp(key, "uptime") == 0) {
        uint64_t seconds = 0;
        if (!number_in(value, &seconds) || seconds > INT32_MAX) {
            board_refuse(key, value);
        }
        control->uptime_seconds = (int64_t)seconds;
    }
}

/* The machine's own time: not through clock_gettime(3), which the host's side of the board has taken over. */
static int64_t machine_seconds(void)
{
    static int64_t at_start;
    if (at_start == 0) {
        struct timespec now = {0};
#if defined(BOARD_PLATFORM)
        (void)syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
#else
        (void)clock_gettime(CLOCK_REALTIME, &now);
#endif
        at_start = now.tv_sec;
    }
    return at_start;
}

static void from_environment(board_control *control)
{
    const char *network = getenv("BOARD_NETWORK");
    const char *clock = getenv("BOARD_CLOCK");
    const char *device_auth = getenv("BOARD_DEVICE_AUTH");
    *control = (board_control){.network_up = true, .device_auth_ready = true, .clock = BOARD_CLOCK_UNSET};
    set(control, "network", network == NULL ? "up" : network, 0);
    set(control, "device_auth", device_auth == NULL ? "ready" : device_auth, 0);
    set(control, "clock", clock == NULL ? "unset" : clock, machine_seconds());
}

static void from_file(board_control *control, int fd, int64_t since)
{
    char text[CONTROL_BYTES_MAX + 1];
    ssize_t length = read(fd, text, CONTROL_BYTES_MAX);
    if (length < 0) {
        board_refuse("control", strerror(errno));
    }
    text[length] = '\0';
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *blank = strchr(line, ' ');
        if (blank != NULL) {
            *blank = '\0';
            set(control, line, blank + 1, since);
        }
    }
}

board_control board_control_now(void)
{
    board_control control;
    from_environment(&control);
    char path[BOARD_PATH_BYTES];
    if (!board_path("control", path, sizeof path)) {
        return control;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return control;
    }
    struct stat status;
    if (fstat(fd, &status) == 0) {
        from_file(&control, fd, (int64_t)status.st_mtim.tv_sec);
    }
    (void)close(fd);
    return control;
}
