#define _GNU_SOURCE
#include "CLinux.h"
#include "call.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Only what is async-signal-safe: other threads may have held any lock at the fork. */
static _Noreturn void keep(int terminal, int line, const struct termios *mode)
{
    sigset_t all;
    char word;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    /* Without a controlling terminal the mode may be set from the background. */
    setsid();
    dup2(terminal, 0);
    dup2(line, 1);
    syscall(SYS_close_range, 2, ~0U, 0);
    if (DAVIT_CALL(read(1, &word, 1)) == 0)
        tcsetattr(0, TCSANOW, mode);
    _exit(0);
}

int davit_keep_terminal(int terminal, int *ret_pid)
{
    struct termios mode;
    int ends[2];
    if (tcgetattr(terminal, &mode) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        keep(terminal, ends[0], &mode);
    int result = pid < 0 ? -errno : ends[1];
    close(ends[0]);
    if (pid < 0)
        close(ends[1]);
    else
        *ret_pid = pid;
    return result;
}

void davit_collect(int pid)
{
    int status;
    (void)DAVIT_CALL(waitpid(pid, &status, 0));
}
