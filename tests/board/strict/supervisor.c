/* Starts the program of the strict tier in its cgroup, without any right, and says how it ended; then the machine is off.
 * Arguments: the limit of memory in bytes, the program, its arguments.
 * It also sets the clock from the machine's: on a 32-bit Arm the kernel itself does so only until 2038. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GROUP "/sys/fs/cgroup/app/"
#define USER 1000
#define PAGE_BYTES 4096
/* Between two looks at what the program holds. */
#define LOOK_MICROSECONDS 2000

static int read_line(const char *path, char *line, int size)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    char *read = fgets(line, size, file);
    (void)fclose(file);
    if (read == NULL)
        return -1;
    line[strcspn(line, "\n")] = 0;
    return 0;
}

static void set_clock(void)
{
    char line[32];
    if (read_line("/sys/class/rtc/rtc0/since_epoch", line, sizeof line) == 0) {
        struct timespec now = {.tv_sec = atoll(line)};
        if (clock_settime(CLOCK_REALTIME, &now) != 0)
            perror("board cannot set its clock");
    }
}

static void limit_memory(long bytes)
{
    FILE *limit = fopen(GROUP "memory.max", "w");
    if (limit == NULL || fprintf(limit, "%ld", bytes) < 0 || fclose(limit) != 0)
        perror("board cannot limit memory");
}

/* What the program holds and the kernel cannot take back, as it could a page of a file: its pages, the kernel's for it, and
 * those of its sockets. */
static long held_bytes(void)
{
    char line[128];
    long sum = 0;
    FILE *file = fopen(GROUP "memory.stat", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char name[32];
        long bytes;
        if (sscanf(line, "%31s %ld", name, &bytes) == 2 &&
            (strcmp(name, "anon") == 0 || strcmp(name, "kernel") == 0 || strcmp(name, "sock") == 0))
            sum += bytes;
    }
    if (file != NULL)
        (void)fclose(file);
    return sum;
}

static void become_the_program(char **command)
{
    FILE *group = fopen(GROUP "cgroup.procs", "w");
    if (group == NULL || fputs("0", group) < 0 || fclose(group) != 0)
        perror("board has no cgroup");
    if (setgroups(0, NULL) != 0 || setgid(USER) != 0 || setuid(USER) != 0 || chdir("/") != 0)
        perror("board cannot take rights away");
    (void)execv(command[0], command);
    perror("board cannot start the program");
    _exit(127);
}

int main(int count, char **words)
{
    if (count < 3)
        return 2;
    set_clock();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    puts("board booted");
    /* The kernel charges 64 pages at a time where they fit, which would make every peak 256 KiB. Below that limit, and
     * above it as soon as one page is taken, they never fit, so the peak is counted page by page. */
    long limit = atol(words[1]);
    limit_memory(limit - PAGE_BYTES);
    int started[2];
    if (pipe2(started, O_CLOEXEC) != 0)
        perror("board has no pipe");
    pid_t child = fork();
    if (child == 0)
        become_the_program(words + 2);
    (void)close(started[1]);
    char nothing;
    /* The pipe closes when the program has taken the child's place. */
    while (read(started[0], &nothing, 1) > 0)
        ;
    limit_memory(limit);
    int status = 0;
    long held = 0;
    while (waitpid(child, &status, WNOHANG) != child) {
        long now = held_bytes();
        held = now > held ? now : held;
        (void)usleep(LOOK_MICROSECONDS);
    }
    char peak[32] = "";
    (void)read_line(GROUP "memory.peak", peak, sizeof peak);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    printf("board ended code=%d memory_peak=%s memory_held=%ld\n", code, peak, held);
    (void)fflush(stdout);
    sync();
    (void)reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
