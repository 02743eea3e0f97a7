/* A program that tries the emulated board's promises from the inside, and prints one line for each. Its argument is what to try:
 * `fence`, `quota`, `offline`, `cut` (writes two blocks, syncs, and writes them again), or `read` (prints their first bytes). */
#define _GNU_SOURCE
#include <applibs/log.h>
#include <applibs/networking.h>
#include <applibs/storage.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KIB 1024
#define FILE_BYTES (64 * KIB)
#define BLOCK_BYTES (4 * KIB)

static int failures;

static void check(const char *fact, bool holds)
{
    (void)Log_Debug("%s %s errno=%d\n", holds ? "ok" : "FAILED", fact, errno);
    failures += holds ? 0 : 1;
    errno = 0;
}

static void fence(int fd)
{
    char path[64];
    check("no_other_file_can_be_written", open("/tmp/other", O_WRONLY | O_CREAT, 0600) == -1 && errno == EROFS);
    check("no_existing_file_can_be_written", open("/proc/self/comm", O_RDWR) == -1 && errno == EROFS);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check("the_mutable_file_has_no_second_door", open(path, O_RDWR) == -1 && errno == EROFS);
    check("nothing_is_renamed", rename("/tmp/a", "/tmp/b") == -1 && errno == EPERM);
    check("nothing_is_removed", unlink("/tmp/a") == -1 && errno == EPERM);
    check("no_folder_is_made", mkdir("/tmp/folder-of-a-board", 0700) == -1 && errno == EPERM);
    check("nothing_is_started", execl("/bin/true", "true", (char *)NULL) == -1 && errno == EPERM);
    check("plain_writes_are_refused", write(fd, "x", 1) == -1 && errno == EOPNOTSUPP);
    check("a_writable_mapping_is_refused",
          mmap(NULL, BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EOPNOTSUPP);
    check("the_clock_is_at_1970", time(NULL) < 60);
}

static void quota(int fd)
{
    static char bytes[FILE_BYTES];
    struct stat status;
    check("the_file_starts_empty", fstat(fd, &status) == 0 && status.st_size == 0);
    check("a_write_inside_is_whole", pwrite(fd, bytes, BLOCK_BYTES, FILE_BYTES - BLOCK_BYTES) == BLOCK_BYTES);
    check("a_write_across_the_border_is_short", pwrite(fd, bytes, BLOCK_BYTES, FILE_BYTES - 100) == 100);
    check("a_write_behind_the_border_is_edquot", pwrite(fd, bytes, 1, FILE_BYTES) == -1 && errno == EDQUOT);
    check("growing_past_the_border_is_edquot", ftruncate(fd, FILE_BYTES + 1) == -1 && errno == EDQUOT);
    check("syncing_succeeds", fsync(fd) == 0);
    check("the_file_never_outgrows_its_size", fstat(fd, &status) == 0 && status.st_size == FILE_BYTES);
}

static void offline(void)
{
    bool ready = true;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    (void)inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int result = connect(fd, (const struct sockaddr *)&to, sizeof to);
    check("nobody_is_reached", result == -1 && (errno == ENETUNREACH || errno == ECONNREFUSED));
    check("networking_is_not_ready", Networking_IsNetworkingReady(&ready) == 0 && !ready);
    (void)close(fd);
}

static void cut(int fd)
{
    static char bytes[2 * BLOCK_BYTES];
    memset(bytes, 'a', sizeof bytes);
    check("first_write", pwrite(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes);
    check("first_sync", fsync(fd) == 0);
    memset(bytes, 'b', sizeof bytes);
    check("second_write", pwrite(fd, bytes, BLOCK_BYTES, 0) == BLOCK_BYTES);
    check("third_write", pwrite(fd, bytes, BLOCK_BYTES, BLOCK_BYTES) == BLOCK_BYTES);
    check("second_sync", fsync(fd) == 0);
}

static void read_back(int fd)
{
    unsigned char bytes[2 * BLOCK_BYTES] = {0};
    ssize_t length = pread(fd, bytes, sizeof bytes, 0);
    (void)Log_Debug("read length=%zd", length);
    for (size_t index = 0; index < sizeof bytes; index += BLOCK_BYTES / 2) {
        (void)Log_Debug(" %02x", bytes[index]);
    }
    (void)Log_Debug("\n");
}

int main(int count, char **arguments)
{
    const char *what = count > 1 ? arguments[1] : "";
    int fd = Storage_OpenMutableFile();
    check("the_mutable_file_opens", fd >= 0);
    if (strcmp(what, "fence") == 0) {
        fence(fd);
    } else if (strcmp(what, "quota") == 0) {
        quota(fd);
    } else if (strcmp(what, "offline") == 0) {
        offline();
    } else if (strcmp(what, "cut") == 0) {
        cut(fd);
    } else {
        read_back(fd);
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
