/* Follows a store and says what it finds: one answer for each line of standard input. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <trust_store.h>

static trust_store *store;
static int32_t descriptor = -1;

static void say_snapshot(void)
{
    trust_store_snapshot snapshot = {.struct_size = sizeof snapshot};
    const int32_t code = trust_store_snapshot_read(store, &snapshot);

    printf("%s changes %llu release %u phase %u reason %s\n", trust_store_code_name(code),
           (unsigned long long)snapshot.changes, snapshot.release.number, snapshot.phase,
           trust_store_reason_name(snapshot.reason));
}

/* Waits as an event loop does. */
static void say_whether_readable(int milliseconds)
{
    struct pollfd waited = {.fd = descriptor, .events = POLLIN};
    uint64_t count;

    if (poll(&waited, 1, milliseconds) == 1 && read(descriptor, &count, sizeof count) == sizeof count)
        printf("readable\n");
    else
        printf("quiet\n");
}

/* What a child process is told, as the exit code of it. */
static void say_what_a_child_is_told(void)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0)
        _exit(trust_store_refresh(store) == TRUST_STORE_FORKED && trust_store_close(store) == TRUST_STORE_FORKED ? 0 : 1);
    waitpid(child, &status, 0);
    printf("%s\n", status == 0 ? "forked" : "something else");
}

/* Whether a signal that this thread does not take stays with the process: the library's thread takes none. */
static void say_who_takes_a_signal(void)
{
    sigset_t mask, pending;

    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    kill(getpid(), SIGUSR1);
    sigpending(&pending);
    printf("%s\n", sigismember(&pending, SIGUSR1) ? "nobody" : "somebody");
    signal(SIGUSR1, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

static void log_line(void *context, int32_t level, const char *line)
{
    fprintf(context, "%d %s\n", level, line);
}

int main(int argc, char **argv)
{
    trust_store_config config = {.struct_size = sizeof config, .interval_milliseconds = 20, .log = log_line};
    char line[64];
    int number;

    config.context = stderr;
    config.store_path = argc > 1 ? argv[1] : NULL;
    config.seed_path = argc > 2 ? argv[2] : NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%s\n", trust_store_code_name(trust_store_open(&config, &store)));
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "snapshot\n") == 0)
            say_snapshot();
        else if (strcmp(line, "refresh\n") == 0)
            printf("%s\n", trust_store_code_name(trust_store_refresh(store)));
        else if (strcmp(line, "descriptor\n") == 0)
            printf("%s\n", trust_store_code_name(trust_store_descriptor(store, &descriptor)));
        else if (sscanf(line, "poll %d", &number) == 1)
            say_whether_readable(number);
        else if (sscanf(line, "wait %d", &number) == 1)
            printf("%s\n", trust_store_code_name(trust_store_wait(store, (uint64_t)number, 60000)));
        else if (strcmp(line, "signal\n") == 0)
            say_who_takes_a_signal();
        else if (strcmp(line, "fork\n") == 0)
            say_what_a_child_is_told();
        else if (strcmp(line, "close\n") == 0)
            printf("%s\n", trust_store_code_name(trust_store_close(store)));
    }
    return 0;
}
