/* applibs' debug log: finished lines go out whole, to stdout or to the descriptor of BOARD_LOG. */
#include <applibs/log.h>

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../control/control.h"

/* What the platform's log takes in one message, about; longer ones are cut there as here. */
#define LINE_BYTES_MAX 2048

static char pending[LINE_BYTES_MAX];
static size_t pending_bytes;

static int log_fd(void)
{
    const char *where = getenv("BOARD_LOG");
    return where == NULL || strcmp(where, "stdout") == 0 ? STDOUT_FILENO : (int)board_number("BOARD_LOG", 0);
}

static int put(const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t done = write(log_fd(), bytes, count);
        if (done < 0 && errno != EINTR) {
            return -1;
        }
        bytes += done < 0 ? 0 : done;
        count -= done < 0 ? 0 : (size_t)done;
    }
    return 0;
}

int Log_DebugVarArgs(const char *fmt, va_list args)
{
    if (fmt == NULL) {
        errno = EFAULT;
        return -1;
    }
    int written = vsnprintf(pending + pending_bytes, sizeof pending - pending_bytes, fmt, args);
    if (written < 0) {
        return -1;
    }
    pending_bytes += (size_t)written;
    if (pending_bytes >= sizeof pending) {
        pending_bytes = sizeof pending - 1;
        pending[pending_bytes - 1] = '\n';
    }
    size_t finished = pending_bytes;
    while (finished > 0 && pending[finished - 1] != '\n') {
        finished--;
    }
    int result = put(pending, finished);
    memmove(pending, pending + finished, pending_bytes - finished);
    pending_bytes -= finished;
    return result;
}

int Log_Debug(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int result = Log_DebugVarArgs(fmt, args);
    va_end(args);
    return result;
}
