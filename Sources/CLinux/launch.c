#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct sock_filter) == 8, "struct sock_filter of <linux/filter.h>");
_Static_assert(sizeof(struct __user_cap_data_struct) == 12, "struct __user_cap_data_struct of <linux/capability.h>");

int davit_fork(uint64_t namespaces, int cgroup, int *ret_pidfd)
{
    int pidfd = -1;
    struct clone_args arguments = {
        .flags = namespaces | CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
    };
    /* An init forks behind the container's filter, which does not know clone3. */
    bool is_plain = namespaces == 0 && cgroup < 0;
    long pid = is_plain ? DAVIT_CALL(syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, NULL))
                        : DAVIT_CALL(syscall(SYS_clone3, &arguments, sizeof arguments));
    if (pid > 0)
        *ret_pidfd = pidfd;
    return (int)pid;
}

int davit_join(int pidfd, uint64_t namespaces)
{
    int result = DAVIT_CALL(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    return result < 0 ? result : davit_setns(pidfd, (int)namespaces);
}

int davit_loopback_up(void)
{
    int descriptor = DAVIT_CALL(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (descriptor < 0)
        return descriptor;
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    int result = DAVIT_CALL(ioctl(descriptor, SIOCSIFFLAGS, &request));
    close(descriptor);
    return result;
}

int davit_become(uint32_t uid, uint32_t gid, const uint32_t *groups, size_t count)
{
    /* Not the C library's: these would first look for other threads, of which the monitor has not even a list. */
    int result = (int)DAVIT_CALL(syscall(SYS_setgroups, count, groups));
    if (result >= 0)
        result = (int)DAVIT_CALL(syscall(SYS_setresgid, gid, gid, gid));
    /* A later step sets the capabilities; without this the change of uid takes all of them away first. */
    if (result >= 0)
        result = DAVIT_CALL(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
    if (result >= 0)
        result = (int)DAVIT_CALL(syscall(SYS_setresuid, uid, uid, uid));
    return result;
}

static int capset_all(uint64_t effective, uint64_t inheritable)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = {
        { (uint32_t)effective, (uint32_t)effective, (uint32_t)inheritable },
        { (uint32_t)(effective >> 32), (uint32_t)(effective >> 32), (uint32_t)(inheritable >> 32) },
    };
    return (int)DAVIT_CALL(syscall(SYS_capset, &header, data));
}
static int drop_bounding(uint64_t keep)
{
    for (int i = 0; i < 64; i++) {
        int present = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
        if (present < 0)
            return 0; /* past the last capability of this kernel */
        if (present && !(keep >> i & 1) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
            return -errno;
    }
    return 0;
}
/* After a change of uid PR_SET_KEEPCAPS left the effective set empty; dropping from the bounding set needs SETPCAP. */
static int raise_effective(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];
    int result = (int)DAVIT_CALL(syscall(SYS_capget, &header, data));
    if (result < 0)
        return result;
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    return (int)DAVIT_CALL(syscall(SYS_capset, &header, data));
}
int davit_set_capabilities(uint64_t bounding, uint64_t effective, uint64_t ambient)
{
    int result = raise_effective();
    if (result >= 0)
        result = drop_bounding(bounding);
    if (result >= 0)
        result = DAVIT_CALL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    /* The kernel lets only inheritable capabilities become ambient; otherwise the inheritable set stays empty. */
    if (result >= 0)
        result = capset_all(effective, ambient);
    for (int i = 0; i < 64 && result >= 0; i++)
        if (ambient >> i & 1)
            result = DAVIT_CALL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0));
    return result;
}
int davit_no_new_privileges(void) { return DAVIT_CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int davit_seccomp(int descriptor)
{
    struct stat status;
    int result = DAVIT_CALL(fstat(descriptor, &status));
    if (result < 0)
        return result;
    size_t count = (size_t)status.st_size / sizeof(struct sock_filter);
    if (count == 0 || count > BPF_MAXINSNS || (size_t)status.st_size % sizeof(struct sock_filter))
        return -EINVAL;
    struct sock_filter *filter = malloc((size_t)status.st_size);
    if (!filter)
        return -ENOMEM;
    struct sock_fprog program = { .len = (unsigned short)count, .filter = filter };
    int64_t got = davit_pread(descriptor, filter, (size_t)status.st_size, 0);
    result = got < 0 ? (int)got : got != status.st_size ? -EIO : 0;
    if (result >= 0)
        result = (int)DAVIT_CALL(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
    free(filter);
    return result;
}

int davit_set_hostname(const char *name, size_t count) { return DAVIT_CALL(sethostname(name, count)); }
int davit_limit(int pid, int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit limit = { .rlim_cur = soft, .rlim_max = hard };
    return DAVIT_CALL(prlimit(pid, (__rlimit_resource_t)resource, &limit, NULL));
}
int davit_new_session(void) { return DAVIT_CALL(setsid()); }

void davit_ignore_signals(bool on)
{
    static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], on ? SIG_IGN : SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int davit_close_others(int first, const int *keep, size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count && result >= 0; i++) {
        if (keep[i] > first)
            result = (int)DAVIT_CALL(syscall(SYS_close_range, first, keep[i] - 1, 0));
        if (keep[i] >= first)
            first = keep[i] + 1;
    }
    return result < 0 ? result : (int)DAVIT_CALL(syscall(SYS_close_range, first, ~0U, 0));
}
int davit_execve(const char *path, const char *const *arguments, const char *const *environment)
{
    execve(path, (char *const *)arguments, (char *const *)environment);
    return -errno;
}
void davit_exit(int status) { _exit(status); }
int davit_pid(void) { return (int)syscall(SYS_getpid); }
