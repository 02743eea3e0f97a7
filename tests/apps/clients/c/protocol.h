/* What the C clients have in common that has nothing to do with trust: commands on standard input, answers on standard
 * output, a TCP connection. tests/apps/README.md has the protocol. */

#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REQUEST_FORMAT "GET / HTTP/1.0\r\nHost: %s\r\n\r\n"

enum outcome { ACCEPTED, REFUSED, FAILED };

/* Seconds after which a server that says nothing has failed. */
#define TIMEOUT_SECONDS 10

/* A TCP connection, or -1. */
static inline int tcp_connect(const char *host, const char *port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    struct addrinfo *addresses = NULL;
    int fd = -1;

    if (getaddrinfo(host, port, &hints, &addresses) != 0)
        return -1;
    for (struct addrinfo *at = addresses; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        if (connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(addresses);
    return fd;
}

/* A variable of the environment that must be there. */
static inline const char *needed(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

/* True where this client is to follow the trust store; false where it reads a file of certificates once. */
static inline bool is_adapted(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "adapted") == 0)
        return true;
    if (argc == 2 && strcmp(argv[1], "untouched") == 0)
        return false;
    fprintf(stderr, "usage: %s untouched|adapted\n", argv[0]);
    exit(2);
}

/* Obeys until standard input ends. `words`, of 256 bytes, is for why a connection was refused or failed. */
static inline int obey(const char *stack, const char *version,
                       enum outcome (*visit)(const char *host, const char *port, char *words))
{
    char line[512], host[256], port[8], words[256];

    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ready %s %s\n", stack, version);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "connect %255s %7s", host, port) != 2) {
            printf("failed not a command\n");
            continue;
        }
        snprintf(words, sizeof words, "no reason was given");
        switch (visit(host, port, words)) {
        case ACCEPTED:
            printf("accepted\n");
            break;
        case REFUSED:
            printf("refused %s\n", words);
            break;
        case FAILED:
            printf("failed %s\n", words);
            break;
        }
    }
    return 0;
}

#endif
