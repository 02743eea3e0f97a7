/* applibs' storage: the one mutable file, and the files of the image package. */
#define _GNU_SOURCE
#include <applibs/storage.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../control/control.h"

/* The one way to open for writing that the fence lets through: platform/fence.c has the same flags. */
#define MUTABLE_FILE_FLAGS (O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOATIME)

int Storage_OpenMutableFile(void)
{
    char path[BOARD_PATH_BYTES];
    if (board_number("BOARD_STORAGE_KIB", 64) == 0) {
        errno = EACCES;
        return -1;
    }
    if (!board_path("mutable", path, sizeof path)) {
        errno = EIO;
        return -1;
    }
    int opened = open(path, MUTABLE_FILE_FLAGS, 0600);
    if (opened < 0) {
        errno = EIO;
        return -1;
    }
    int fd = fcntl(opened, F_DUPFD_CLOEXEC, BOARD_MUTABLE_FD);
    (void)close(opened);
    if (fd >= BOARD_MUTABLE_FD + BOARD_MUTABLE_FDS) {
        (void)close(fd);
        errno = EMFILE;
        return -1;
    }
    return fd;
}

int Storage_OpenFileInImagePackage(const char *relativePath)
{
    char path[BOARD_PATH_BYTES];
    const char *image = getenv("BOARD_IMAGE");
    if (relativePath == NULL || relativePath[0] == '/' || strstr(relativePath, "..") != NULL) {
        errno = EINVAL;
        return -1;
    }
    int length = snprintf(path, sizeof path, "%s/%s", image == NULL ? "" : image, relativePath);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDONLY | O_CLOEXEC);
}
