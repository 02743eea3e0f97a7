/* Starts the program of the strict tier in its cgroup, without any right, and says how it ended; then the machine is off.
 * It also sets the clock from the machine's: on a 32-bit Arm the kernel itself does so only until 2038. */
#define _GNU_SOURCE
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
    (void)count;
    set_clock();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    puts("board booted");
    pid_t child = fork();
    if (child == 0)
        become_the_program(words + 1);
    int status = 0;
    while (waitpid(child, &status, 0) != child)
        ;
    char peak[32] = "";
    (void)read_line(GROUP "memory.peak", peak, sizeof peak);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    printf("board ended code=%d memory_peak=%s\n", code, peak);
    (void)fflush(stdout);
    sync();
    (void)reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
