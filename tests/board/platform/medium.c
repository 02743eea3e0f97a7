/* The mutable file: a quota, a list of operations, faults, and a power supply that can fail. */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../control/control.h"

#define BYTES_PER_KIB 1024U
/* Descriptors of the board's own are kept out of the way of the program's. */
#define BOARD_OWN_FD 900

typedef enum { OPERATION_WRITE, OPERATION_TRUNCATE, OPERATION_SYNC } operation_kind;

typedef struct {
    operation_kind kind;
    const char *name;
    const uint8_t *bytes;
    size_t offset; /* of a write; the new length of a truncation */
    size_t count;
} operation;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char medium_path[BOARD_PATH_BYTES];
static int list_fd = -1;
static uint64_t operations;
static size_t quota_bytes;
static bool synced_known;
static medium_image synced;
static bool in_doubt[MEDIUM_BLOCKS];

void medium_start(void)
{
    char path[BOARD_PATH_BYTES];
    quota_bytes = (size_t)board_number("BOARD_STORAGE_KIB", MEDIUM_BYTES_MAX / BYTES_PER_KIB) * BYTES_PER_KIB;
    if (quota_bytes > MEDIUM_BYTES_MAX) {
        board_refuse("BOARD_STORAGE_KIB is more than the platform has", getenv("BOARD_STORAGE_KIB"));
    }
    fate_start();
    if (!board_path("mutable", medium_path, sizeof medium_path) || !board_path("operations", path, sizeof path)) {
        return;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        board_refuse("operations", strerror(errno));
    }
    list_fd = fcntl(fd, F_DUPFD_CLOEXEC, BOARD_OWN_FD);
    (void)close(fd);
}

bool medium_is(int fd)
{
    struct stat mine;
    struct stat medium;
    return medium_path[0] != '\0' && fstat(fd, &mine) == 0 && stat(medium_path, &medium) == 0 &&
           mine.st_dev == medium.st_dev && mine.st_ino == medium.st_ino;
}

static void read_image(int fd, medium_image *image)
{
    memset(image, 0, sizeof *image);
    ssize_t length = syscall(SYS_pread64, fd, image->bytes, sizeof image->bytes, (off_t)0);
    if (length < 0) {
        board_refuse("mutable", strerror(errno));
    }
    image->length = (size_t)length;
}

static void list(const operation *operation, const char *result, long number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%ld", number);
    if (list_fd >= 0) {
        (void)dprintf(list_fd, "%llu %s %zu %zu %s\n", (unsigned long long)operations, operation->name,
                      operation->offset, operation->count, result == NULL ? text : result);
    }
}

static void touch(bool blocks[MEDIUM_BLOCKS], const operation *operation)
{
    for (size_t block = 0; operation->kind == OPERATION_WRITE && block < MEDIUM_BLOCKS; block++) {
        size_t start = block * MEDIUM_BLOCK_BYTES;
        if (operation->offset < start + MEDIUM_BLOCK_BYTES && operation->offset + operation->count > start) {
            blocks[block] = true;
        }
    }
}

static void apply(medium_image *image, const operation *operation)
{
    if (operation->kind == OPERATION_WRITE) {
        size_t end = operation->offset + operation->count;
        memcpy(image->bytes + operation->offset, operation->bytes, operation->count);
        image->length = image->length > end ? image->length : end;
    } else if (operation->kind == OPERATION_TRUNCATE) {
        for (size_t index = operation->offset; index < image->length; index++) {
            image->bytes[index] = 0;
        }
        image->length = operation->offset;
    }
}

/* The power fails in this operation: leaves the wreck on the medium, and ends the process. */
static _Noreturn void fail_power(int fd, const operation *operation, bool under_way)
{
    static medium_image before;
    static medium_image after;
    static medium_image found;
    bool touched[MEDIUM_BLOCKS] = {false};
    read_image(fd, &before);
    after = before;
    if (under_way) {
        apply(&after, operation);
        touch(touched, operation);
    }
    size_t half = under_way && operation->kind == OPERATION_WRITE ? operation->offset + operation->count / 2 : 0;
    wreckage(&found, &synced, &before, &after, in_doubt, touched, half, fate_leaves());
    list(operation, "cut", 0);
    if (syscall(SYS_pwrite64, fd, found.bytes, found.length, (off_t)0) != (long)found.length ||
        syscall(SYS_ftruncate, fd, (off_t)found.length) != 0) {
        board_refuse("mutable", strerror(errno));
    }
    _exit(BOARD_EXIT_CUT);
}

static long carry_out(int fd, const operation *operation)
{
    switch (operation->kind) {
    case OPERATION_WRITE:
        return syscall(SYS_pwrite64, fd, operation->bytes, operation->count, (off_t)operation->offset);
    case OPERATION_TRUNCATE:
        return syscall(SYS_ftruncate, fd, (off_t)operation->offset);
    default:
        /* The medium of a test need not outlive the machine: what is synced is remembered, not flushed. */
        read_image(fd, &synced);
        memset(in_doubt, 0, sizeof in_doubt);
        return 0;
    }
}

static bool within_quota(const operation *operation)
{
    return operation->kind == OPERATION_WRITE ? operation->offset < quota_bytes : operation->offset <= quota_bytes;
}

/* One operation, from its number to its line in the list. Answers as a system call does, with errno set. */
static long operate(int fd, operation operation)
{
    (void)pthread_mutex_lock(&lock);
    if (!synced_known) {
        synced_known = true;
        read_image(fd, &synced);
    }
    operations++;
    fate fate = fate_of(operations);
    if (within_quota(&operation)) {
        /* Short at the border, as far as there is room. */
        size_t room = quota_bytes - operation.offset;
        operation.count = operation.count < room ? operation.count : room;
    } else {
        fate.error = fate.error == 0 ? EDQUOT : fate.error;
    }
    if (fate.cut) {
        fail_power(fd, &operation, fate.error == 0);
    }
    if (fate.half && operation.count > 1) {
        operation.count /= 2;
    }
    long result = -1;
    if (fate.error != 0) {
        errno = fate.error;
    } else {
        touch(in_doubt, &operation);
        result = carry_out(fd, &operation);
    }
    int error = errno;
    list(&operation, NULL, result < 0 ? -error : result);
    (void)pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

ssize_t medium_write(int fd, const void *bytes, size_t count, off_t offset)
{
    if (offset < 0) {
        errno = EINVAL;
        return -1;
    }
    return operate(fd, (operation){.kind = OPERATION_WRITE, .name = "pwrite", .bytes = bytes, .offset = (size_t)offset, .count = count});
}

int medium_truncate(int fd, off_t length)
{
    if (length < 0) {
        errno = EINVAL;
        return -1;
    }
    return (int)operate(fd, (operation){.kind = OPERATION_TRUNCATE, .name = "ftruncate", .offset = (size_t)length});
}

int medium_sync(int fd, bool data_only)
{
    return (int)operate(fd, (operation){.kind = OPERATION_SYNC, .name = data_only ? "fdatasync" : "fsync"});
}
