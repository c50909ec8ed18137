#define _GNU_SOURCE
#include "CLinux.h"
#include "call.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void davit_block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

int davit_new_group(void)
{
    int result = DAVIT_CALL(setpgid(0, 0));
    /* SIGTTOU would stop us: it is blocked. Where there is no terminal there is nothing to take. */
    if (result >= 0 && isatty(STDIN_FILENO))
        tcsetpgrp(STDIN_FILENO, getpid());
    return result;
}

static void collect(int child)
{
    int status, pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == child)
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

void davit_be_init(int child)
{
    syscall(SYS_close_range, 0, ~0U, 0);
    sigset_t all;
    sigfillset(&all);
    for (;;) {
        int number = sigwaitinfo(&all, NULL);
        if (number == SIGCHLD)
            collect(child);
        else if (number > 0)
            kill(child, number);
    }
}
