/* The application's own part of the mutable file: written once, and once a rotation; flash wears. */
#include "own_bytes.h"

#include <applibs/log.h>
#include <applibs/storage.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char mark[] = "azure-sphere app"; /* with its NUL */

typedef struct {
    uint32_t changes;
    uint32_t check; /* the complement of the above */
} counter;

static uint32_t changes_in(int fd)
{
    counter counter = {0};
    bool whole = pread(fd, &counter, sizeof counter, COUNTER_OFFSET) == (ssize_t)sizeof counter;
    return whole && counter.check == ~counter.changes ? counter.changes : 0;
}

static bool store(int fd, const void *bytes, size_t count, off_t offset)
{
    return pwrite(fd, bytes, count, offset) == (ssize_t)count && fsync(fd) == 0;
}

int own_bytes_open(void)
{
    char found[sizeof mark] = {0};
    int fd = Storage_OpenMutableFile();
    if (fd < 0) {
        (void)Log_Debug("DA error code=storage what=open errno=%d\n", errno);
        return -1;
    }
    const char *state = "kept";
    if (pread(fd, found, sizeof found, 0) != (ssize_t)sizeof found || memcmp(found, mark, sizeof mark) != 0) {
        state = store(fd, mark, sizeof mark, 0) ? "made" : "failed";
    }
    (void)Log_Debug("DA own state=%s changes=%lu\n", state, (unsigned long)changes_in(fd));
    return fd;
}

void own_bytes_count_change(int fd)
{
    counter counter = {.changes = changes_in(fd) + 1};
    counter.check = ~counter.changes;
    if (!store(fd, &counter, sizeof counter, COUNTER_OFFSET)) {
        (void)Log_Debug("DA error code=storage what=counter errno=%d\n", errno);
    }
}
