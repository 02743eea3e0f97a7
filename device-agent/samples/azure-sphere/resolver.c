/* A worker thread for as long as there are questions, and one mutex: a thread that only waits would hold 20 KiB, with what
 * the kernel keeps for it. */
#include "resolver.h"

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
static bool is_working;
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

/* Called with the lock. */
static void answered(question *question, size_t bytes)
{
    uint64_t one = 1;
    question->address_bytes = bytes;
    question->state = ANSWERED;
    (void)!write(answered_fd, &one, sizeof one);
}

static void *work(void *nothing)
{
    (void)nothing;
    (void)pthread_mutex_lock(&lock);
    for (question *next = first(ASKED); next != NULL; next = first(ASKED)) {
        /* Nobody but this thread touches a question that is asked and not answered. */
        (void)pthread_mutex_unlock(&lock);
        size_t bytes = look_up(next->host, next->address);
        (void)pthread_mutex_lock(&lock);
        answered(next, bytes);
    }
    is_working = false;
    (void)pthread_mutex_unlock(&lock);
    return NULL;
}

static bool start_worker(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    /* Signals are the event loop's: the worker hears none. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                   pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_create(&thread, &attributes, work, NULL) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return started;
}

int resolver_start(void)
{
    answered_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return answered_fd;
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
        is_working = is_working || start_worker();
        if (!is_working) {
            answered(next, 0);
        }
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
