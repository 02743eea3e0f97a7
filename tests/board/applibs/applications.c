/* applibs' memory usage, read from the kernel's account of this process. Under qemu-arm it counts the emulator too, and says so
 * little; in the strict tier it is the memory of the program. */
#include <applibs/applications.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The number behind a name in /proc/self/status, in KiB; 0 where there is none. */
static size_t status_of(const char *name)
{
    char line[128];
    size_t kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "re");
    if (status == NULL) {
        return 0;
    }
    while (kilobytes == 0 && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), ": %zu", &kilobytes) != 1) {
            kilobytes = 0;
        }
    }
    (void)fclose(status);
    return kilobytes;
}

int z__Applications_GetMemoryInfo(z__Application_MemoryAttribute memoryAttribute, void *buffer, size_t capacity)
{
    static const char *const names[] = {"VmRSS", "VmRSS", "VmHWM"};
    if (buffer == NULL || capacity != sizeof(size_t) || memoryAttribute >= sizeof names / sizeof *names) {
        errno = buffer == NULL ? EFAULT : EINVAL;
        return -1;
    }
    size_t kilobytes = status_of(names[memoryAttribute]);
    if (kilobytes == 0) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(buffer, &kilobytes, sizeof kilobytes);
    return 0;
}
