#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct clone_args) == 88, "struct clone_args of <linux/sched.h>");
enum { STACK = 64 * 1024 };

/*
 * clone3 whose child runs `body(context)` on the stack named in `arguments` and then exits. Only registers carry the
 * two values over: the child has another stack.
 */
static long clone_on_stack(struct clone_args *arguments, int (*body)(void *), void *context)
{
#if defined(__x86_64__)
    register long result __asm__("rax") = SYS_clone3;
    register void *a __asm__("rdi") = arguments;
    register long size __asm__("rsi") = sizeof *arguments;
    register int (*function)(void *) __asm__("r8") = body;
    register void *value __asm__("r9") = context;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r9, %%rdi\n\t"
                     "call *%%r8\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov %[exit], %%eax\n\t"
                     "syscall\n"
                     "1:"
                     : "+r"(result)
                     : "r"(a), "r"(size), "r"(function), "r"(value), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory", "cc");
    return result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = SYS_clone3;
    register void *a __asm__("x0") = arguments;
    register long size __asm__("x1") = sizeof *arguments;
    register int (*function)(void *) __asm__("x5") = body;
    register void *value __asm__("x6") = context;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x6\n\t"
                     "blr x5\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc #0\n"
                     "1:"
                     : "+r"(a)
                     : "r"(number), "r"(size), "r"(function), "r"(value), [exit] "i"(SYS_exit)
                     : "memory", "cc");
    return (long)a;
#else
#error "clone_on_stack is not written for this processor"
#endif
}

static void *make_stack(void)
{
    void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    return stack == MAP_FAILED ? NULL : stack;
}

struct start {
    const struct davit_spawn *spawn;
    volatile int error;
};

/* In the child: descriptors first go above all targets, so that no placing closes one that is still needed. */
static int place_all(const struct davit_spawn *spawn, int *ret_executable)
{
    int count = (int)spawn->descriptor_count, high[count > 3 ? count : 3];
    for (int i = 0; i < count; i++) {
        int source = spawn->descriptors[i];
        high[i] = source >= 0 ? davit_duplicate(source, count) : davit_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
        if (source < 0 && high[i] >= 0)
            high[i] = davit_duplicate(high[i], count);
        if (high[i] < 0)
            return high[i];
    }
    int executable = davit_duplicate(spawn->executable, count);
    if (executable < 0)
        return executable;
    for (int i = 0; i < count; i++) {
        int result = davit_place(high[i], i);
        if (result < 0)
            return result;
    }
    *ret_executable = executable;
    return davit_close_on_exec_from(count);
}

static int start_body(void *context)
{
    struct start *start = context;
    const struct davit_spawn *spawn = start->spawn;
    int executable = -1;
    int result = place_all(spawn, &executable);
    if (result >= 0 && spawn->leads && syscall(SYS_setpgid, 0, 0) < 0)
        result = -errno;
    if (result >= 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        syscall(SYS_execveat, executable, "", spawn->arguments, spawn->environment, AT_EMPTY_PATH);
        result = -errno;
    }
    start->error = result;
    return 127;
}

int davit_spawn(const struct davit_spawn *spawn, int *ret_pidfd)
{
    char *stack = make_stack();
    if (!stack)
        return -ENOMEM;
    int pidfd = -1;
    struct start start = { .spawn = spawn };
    struct clone_args arguments = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | (spawn->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = STACK,
        .cgroup = spawn->cgroup >= 0 ? (uint64_t)spawn->cgroup : 0,
    };
    sigset_t all, before;
    sigfillset(&all);
    /* No handler may run in the child: it would see, and write, the caller's memory. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = clone_on_stack(&arguments, start_body, &start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK);
    if (pid < 0)
        return (int)pid;
    if (start.error) {
        int code, status;
        davit_wait(pidfd, true, &code, &status);
        close(pidfd);
        return start.error;
    }
    *ret_pidfd = pidfd;
    return (int)pid;
}

/* No errno: it belongs to the thread whose memory the child below shares. */
static long raw_call(long number, long a, long b)
{
#if defined(__x86_64__)
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
    return result;
#else
    register long call __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    __asm__ volatile("svc #0" : "+r"(first) : "r"(call), "r"(second) : "memory");
    return first;
#endif
}
static int hold_body(void *context)
{
    static const struct timespec hour = { .tv_sec = 3600 };
    long parent = (long)(uintptr_t)context;
    /* Were the caller killed, this child would keep all its memory and descriptors: sockets, locks. */
    raw_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    /* It may have been killed before it was asked for. A new user namespace does not hide the parent's number. */
    if (raw_call(SYS_getppid, 0, 0) != parent)
        return 0;
    for (;;)
        raw_call(SYS_nanosleep, (long)(uintptr_t)&hour, 0);
}

int davit_hold_user_namespace(int *ret_pidfd, void **ret_stack)
{
    char *stack = make_stack();
    if (!stack)
        return -ENOMEM;
    int pidfd = -1;
    struct clone_args arguments = {
        .flags = CLONE_NEWUSER | CLONE_VM | CLONE_FILES | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .stack = (uint64_t)(uintptr_t)stack,
        .stack_size = STACK,
    };
    /* CLONE_FILES and CLONE_CLEAR_SIGHAND are fine together; only CLONE_SIGHAND is not. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = clone_on_stack(&arguments, hold_body, (void *)(uintptr_t)getpid());
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        munmap(stack, STACK);
        return (int)pid;
    }
    *ret_pidfd = pidfd;
    *ret_stack = stack;
    return (int)pid;
}

void davit_release_user_namespace(int pidfd, void *stack)
{
    int code, status;
    davit_pidfd_signal(pidfd, SIGKILL);
    davit_wait(pidfd, true, &code, &status);
    close(pidfd);
    munmap(stack, STACK);
}

int davit_pidfd_open(int pid) { return (int)DAVIT_CALL(syscall(SYS_pidfd_open, pid, 0)); }
int davit_pidfd_signal(int pidfd, int signal)
{
    return (int)DAVIT_CALL(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}
int davit_signal(int pid, int signal) { return DAVIT_CALL(kill(pid, signal)); }

int davit_wait(int pidfd, bool wait, int *ret_code, int *ret_status)
{
    siginfo_t info = { 0 };
    int options = WEXITED | __WALL | (wait ? 0 : WNOHANG);
    int result = DAVIT_CALL(waitid(P_PIDFD, (id_t)pidfd, &info, options));
    if (result < 0 || info.si_pid == 0)
        return result;
    *ret_code = info.si_code;
    *ret_status = info.si_status;
    return info.si_pid;
}

int davit_close_on_exec_from(int first)
{
    return (int)DAVIT_CALL(syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC));
}
