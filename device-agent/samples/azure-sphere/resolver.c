/* One worker thread, a few questions, one mutex. */
#include "resolver.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "configuration.h"

/* The agent asks for one name at a time, the application for one, and a probe for one. */
#define QUESTIONS_MAX 4
/* musl's resolver keeps its packets on the stack: about 10 KiB. */
#define STACK_BYTES 32768

typedef enum { FREE, ASKED, ANSWERED } question_state;

typedef struct {
    question_state state;
    char host[HOST_BYTES];
    uint32_t ticket;
    resolver_answer *answer;
    void *context;
    uint8_t address[ADDRESS_BYTES_MAX];
    size_t address_bytes;
} question;

static question questions[QUESTIONS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t asked = PTHREAD_COND_INITIALIZER;
static int answered_fd = -1;

static size_t look_up(const char *host, uint8_t address[ADDRESS_BYTES_MAX])
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    size_t bytes = 0;
    if (getaddrinfo(host, NULL, &hints, &found) != 0) {
        return 0;
    }
    if (found != NULL && found->ai_family == AF_INET) {
        struct sockaddr_in ip;
        memcpy(&ip, found->ai_addr, sizeof ip);
        bytes = sizeof ip.sin_addr;
        memcpy(address, &ip.sin_addr, bytes);
    } else if (found != NULL && found->ai_family == AF_INET6) {
        struct sockaddr_in6 ip;
        memcpy(&ip, found->ai_addr, sizeof ip);
        bytes = sizeof ip.sin6_addr;
        memcpy(address, &ip.sin6_addr, bytes);
    }
    freeaddrinfo(found);
    return bytes;
}

static question *first(question_state state)
{
    for (size_t index = 0; index < QUESTIONS_MAX; index++) {
        if (questions[index].state == state) {
            return &questions[index];
        }
    }
    return NULL;
}

static void *work(void *nothing)
{
    (void)nothing;
    (void)pthread_mutex_lock(&lock);
    for (;;) {
        question *next = first(ASKED);
        if (next == NULL) {
            (void)pthread_cond_wait(&asked, &lock);
            continue;
        }
        /* Nobody but this thread touches a question that is asked and not answered. */
        (void)pthread_mutex_unlock(&lock);
        size_t bytes = look_up(next->host, next->address);
        (void)pthread_mutex_lock(&lock);
        next->address_bytes = bytes;
        next->state = ANSWERED;
        uint64_t one = 1;
        (void)!write(answered_fd, &one, sizeof one);
    }
    return NULL;
}

int resolver_start(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    answered_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (answered_fd < 0) {
        return -1;
    }
    int error = pthread_attr_init(&attributes);
    if (error == 0) {
        /* Signals are the event loop's: the worker hears none. */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_BLOCK, &all, &before);
        error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
        error = error == 0 ? pthread_create(&thread, &attributes, work, NULL) : error;
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void)pthread_attr_destroy(&attributes);
    }
    errno = error;
    return error == 0 ? answered_fd : -1;
}

bool resolver_ask(const char *host, uint32_t ticket, resolver_answer *answer, void *context)
{
    if (strlen(host) >= HOST_BYTES) {
        return false;
    }
    (void)pthread_mutex_lock(&lock);
    question *next = first(FREE);
    if (next != NULL) {
        next->ticket = ticket;
        next->answer = answer;
        next->context = context;
        memcpy(next->host, host, strlen(host) + 1);
        next->state = ASKED;
        (void)pthread_cond_signal(&asked);
    }
    (void)pthread_mutex_unlock(&lock);
    return next != NULL;
}

void resolver_deliver(void)
{
    uint64_t count = 0;
    (void)!read(answered_fd, &count, sizeof count);
    for (;;) {
        (void)pthread_mutex_lock(&lock);
        question *next = first(ANSWERED);
        question copy = {.state = FREE};
        if (next != NULL) {
            copy = *next;
            next->state = FREE;
        }
        (void)pthread_mutex_unlock(&lock);
        if (next == NULL) {
            return;
        }
        copy.answer(copy.context, copy.ticket, copy.address, copy.address_bytes);
    }
}
