/* The same application without the agent: its anchors are a file of the image, `anchors.pem`, as they were before. */
#include <applibs/log.h>
#include <applibs/storage.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "updates.h"

static bool ends_when_nudged;

bool updates_start(const configuration *configuration, EventLoop *loop, int store_fd, void (*changed)(void))
{
    (void)loop;
    (void)store_fd;
    (void)changed;
    ends_when_nudged = configuration->cycles_max > 0;
    (void)Log_Debug("DA start abi=0 arena_bytes=0 device=%s channel=%s\n", configuration->device, configuration->channel);
    return true;
}

char *updates_anchors(uint64_t *generation)
{
    struct stat status;
    *generation = 0;
    int fd = Storage_OpenFileInImagePackage("anchors.pem");
    if (fd < 0) {
        (void)Log_Debug("DA error code=anchors what=open errno=%d\n", errno);
        return NULL;
    }
    char *pem = fstat(fd, &status) == 0 ? malloc((size_t)status.st_size + 1) : NULL;
    if (pem != NULL && read(fd, pem, (size_t)status.st_size) == (ssize_t)status.st_size) {
        pem[status.st_size] = '\0';
    } else {
        free(pem);
        pem = NULL;
    }
    (void)close(fd);
    return pem;
}

void updates_service_result(uint64_t generation, service_verdict verdict)
{
    (void)generation;
    (void)verdict;
}

/* There are no cycles to count here: where they are bounded, the service's message ends the application. */
void updates_nudge(void)
{
    if (ends_when_nudged) {
        (void)raise(SIGTERM);
    }
}

void updates_figures(void)
{
}

void updates_stop(void)
{
}
