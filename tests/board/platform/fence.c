/* The fence around the program: a filter of system calls, and a thread of the board that judges each connect(2). */
#define _GNU_SOURCE
#include "platform.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../control/control.h"

/* How applibs opens the mutable file, and nobody else opens anything: applibs/storage.c has the same flags. */
#define MUTABLE_FILE_FLAGS (O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOATIME)
#define WRITING_FLAGS (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
/* O_LARGEFILE of x86-64's kernel, which the C library defines as 0. */
#define KERNEL_O_LARGEFILE 0100000

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned int)offsetof(struct seccomp_data, field))
#define ARGUMENT(index) LOAD(args[index])
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define FAIL(error) ANSWER(SECCOMP_RET_ERRNO | (error))
#define IF(value, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (no))
#define UNLESS_ANY_BIT(bits, no) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (no))
#define UNLESS(value, yes) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), 0)
#define REFUSED(call, error) IF(SYS_##call, 1), FAIL(error)
/* A call with `flags` in argument `index`: refused where it would write, but for the one way into the mutable file. */
#define OPENING(call, index)                                                                                          \
    IF(SYS_##call, 6), ARGUMENT(index), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(unsigned int)KERNEL_O_LARGEFILE),       \
        UNLESS(MUTABLE_FILE_FLAGS, 2), UNLESS_ANY_BIT(WRITING_FLAGS, 1), FAIL(EROFS), ANSWER(SECCOMP_RET_ALLOW)
/* A call with a descriptor in argument `index`: refused where that is the mutable file. */
#define NOT_ON_MUTABLE(call, index)                                                                                   \
    IF(SYS_##call, 5), ARGUMENT(index), BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, BOARD_MUTABLE_FD, 0, 2),                  \
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, BOARD_MUTABLE_FD + BOARD_MUTABLE_FDS, 1, 0), FAIL(EOPNOTSUPP),            \
        ANSWER(SECCOMP_RET_ALLOW)

static struct sock_filter filter[] = {
    LOAD(arch),
    UNLESS(AUDIT_ARCH_X86_64, 1),
    ANSWER(SECCOMP_RET_ALLOW),
    LOAD(nr),
    IF(SYS_connect, 1),
    ANSWER(SECCOMP_RET_USER_NOTIF),
    OPENING(open, 1),
    OPENING(openat, 2),
    NOT_ON_MUTABLE(write, 0),
    NOT_ON_MUTABLE(writev, 0),
    NOT_ON_MUTABLE(pwritev, 0),
    NOT_ON_MUTABLE(pwritev2, 0),
    NOT_ON_MUTABLE(sendfile, 0),
    NOT_ON_MUTABLE(splice, 2),
    NOT_ON_MUTABLE(copy_file_range, 2),
    REFUSED(openat2, ENOSYS),
    REFUSED(creat, EROFS),
    REFUSED(truncate, EROFS),
    REFUSED(rename, EPERM),
    REFUSED(renameat, EPERM),
    REFUSED(renameat2, EPERM),
    REFUSED(link, EPERM),
    REFUSED(linkat, EPERM),
    REFUSED(symlink, EPERM),
    REFUSED(symlinkat, EPERM),
    REFUSED(unlink, EPERM),
    REFUSED(unlinkat, EPERM),
    REFUSED(mkdir, EPERM),
    REFUSED(mkdirat, EPERM),
    REFUSED(mknod, EPERM),
    REFUSED(mknodat, EPERM),
    REFUSED(rmdir, EPERM),
    REFUSED(execve, EPERM),
    REFUSED(execveat, EPERM),
    /* A writable shared mapping of a file: offset 0 of the arguments is the address, 2 the protection, 3 the flags. */
    IF(SYS_mmap, 9),
    ARGUMENT(2),
    UNLESS_ANY_BIT(PROT_WRITE, 7),
    ARGUMENT(3),
    UNLESS_ANY_BIT(MAP_SHARED, 5),
    ARGUMENT(4),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, BOARD_MUTABLE_FD, 0, 3),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, BOARD_MUTABLE_FD + BOARD_MUTABLE_FDS, 2, 0),
    FAIL(EOPNOTSUPP),
    ANSWER(SECCOMP_RET_ALLOW),
    ANSWER(SECCOMP_RET_ALLOW),
};

static sem_t fenced;
static int notices = -1;

/* Whether BOARD_ALLOWED has this address and port. */
static bool allowed(const struct sockaddr_in *to)
{
    const char *list = getenv("BOARD_ALLOWED");
    char address[INET_ADDRSTRLEN + 8];
    if (list == NULL) {
        return true;
    }
    if (inet_ntop(AF_INET, &to->sin_addr, address, INET_ADDRSTRLEN) == NULL) {
        return false;
    }
    size_t length = strlen(address);
    uint16_t port = ntohs(to->sin_port);
    char digits[6];
    size_t count = 0;
    for (unsigned int rest = port; rest > 0 || count == 0; rest /= 10) {
        digits[count++] = (char)('0' + rest % 10);
    }
    address[length++] = ':';
    while (count > 0) {
        address[length++] = digits[--count];
    }
    for (const char *item = list; item != NULL; item = strchr(item, ',') == NULL ? NULL : strchr(item, ',') + 1) {
        if (strncmp(item, address, length) == 0 && (item[length] == '\0' || item[length] == ',')) {
            return true;
        }
    }
    return false;
}

/* What connect(2) to this address answers: 0 lets it happen. */
static int judge(const struct sockaddr *to, size_t bytes)
{
    if (bytes < sizeof(sa_family_t) || (to->sa_family != AF_INET && to->sa_family != AF_INET6)) {
        return 0;
    }
    if (!board_control_now().network_up) {
        return -ENETUNREACH;
    }
    if (to->sa_family == AF_INET6) {
        return getenv("BOARD_ALLOWED") == NULL ? 0 : -ECONNREFUSED;
    }
    struct sockaddr_in address;
    if (bytes < sizeof address) {
        return 0;
    }
    memcpy(&address, to, sizeof address);
    return allowed(&address) ? 0 : -ECONNREFUSED;
}

/* The guard shares the program's memory, so that an address is where its pointer says. */
static void *guard(void *nothing)
{
    (void)nothing;
    (void)sem_wait(&fenced);
    for (;;) {
        struct seccomp_notif notice = {0};
        struct seccomp_notif_resp answer = {0};
        if (ioctl(notices, SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) {
            if (errno == EINTR || errno == ENOENT) {
                continue;
            }
            board_refuse("fence", strerror(errno));
        }
        const struct sockaddr *to = (const struct sockaddr *)(uintptr_t)notice.data.args[1];
        answer.id = notice.id;
        answer.error = judge(to, (size_t)notice.data.args[2]);
        answer.flags = answer.error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
        (void)ioctl(notices, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}

void fence_start(void)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    (void)sigfillset(&all);
    /* The guard starts outside the fence and hears no signals: those are the guest's. */
    if (sem_init(&fenced, 0, 0) != 0 || pthread_sigmask(SIG_BLOCK, &all, &before) != 0 ||
        pthread_create(&thread, NULL, guard, NULL) != 0 || pthread_sigmask(SIG_SETMASK, &before, NULL) != 0) {
        board_refuse("fence", strerror(errno));
    }
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        board_refuse("fence", strerror(errno));
    }
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (fd < 0) {
        board_refuse("fence", strerror(errno));
    }
    notices = fcntl((int)fd, F_DUPFD_CLOEXEC, 901);
    (void)close((int)fd);
    (void)sem_post(&fenced);
}
