/* A program that looks around a board from the inside, and says what it finds, one line for each:
 *   nothing | clock | hold BYTES | connect HOST PORT | write BYTES | count | open PATH */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 3000
#define BLOCK_BYTES 4096

static void hold(long bytes)
{
    char *memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long at = 0; at < bytes; at += BLOCK_BYTES)
        memory[at] = 1;
    printf("held %ld\n", bytes);
}

static const char *reached(int socket)
{
    struct pollfd wait = {.fd = socket, .events = POLLOUT};
    if (poll(&wait, 1, PATIENCE_MS) == 0)
        return "silent";
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? "reached" : error == ECONNREFUSED ? "refused" : strerror(error);
}

static void join(const char *host, const char *port)
{
    struct addrinfo *found = NULL, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        printf("%s unknown\n", host);
        return;
    }
    int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(socket_fd, found->ai_addr, found->ai_addrlen);
    printf("%s %s\n", host, reached(socket_fd));
    char answer[64] = "";
    struct pollfd wait = {.fd = socket_fd, .events = POLLIN};
    if (poll(&wait, 1, PATIENCE_MS) == 1 && read(socket_fd, answer, sizeof answer - 1) > 0)
        printf("%s says %s\n", host, strtok(answer, "\n"));
}

static int mutable_file(void)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/mutable", getenv("BOARD_DIRECTORY"));
    return open(path, O_RDWR | O_CREAT, 0600);
}

static void fill(long bytes)
{
    static char block[BLOCK_BYTES] = "written";
    int fd = mutable_file();
    long written = 0;
    while (written < bytes && pwrite(fd, block, sizeof block, written) == (ssize_t)sizeof block)
        written += (long)sizeof block;
    printf("wrote %ld errno=%d\n", written, written < bytes ? errno : 0);
    printf("synced %d\n", fsync(fd));
}

int main(int count, char **words)
{
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    const char *act = count > 1 ? words[1] : "";
    if (count == 1)
        puts("here");
    else if (strcmp(act, "clock") == 0)
        printf("clock %lld\n", (long long)time(NULL));
    else if (strcmp(act, "hold") == 0 && count > 2)
        hold(atol(words[2]));
    else if (strcmp(act, "connect") == 0 && count > 3)
        join(words[2], words[3]);
    else if (strcmp(act, "write") == 0 && count > 2)
        fill(atol(words[2]));
    else if (strcmp(act, "count") == 0) {
        struct stat file;
        printf("mutable %lld\n", fstat(mutable_file(), &file) == 0 ? (long long)file.st_size : -1LL);
    } else if (strcmp(act, "open") == 0 && count > 2)
        printf("open %s\n", open(words[2], O_RDWR | O_CREAT, 0600) >= 0 ? "allowed" : "denied");
    else
        return 2;
    return 0;
}
