/*
 * spawn.c - times a command from spawn to exit, without an interpreter's cost around it.
 *
 *   spawn --iterations N | --serve   -- COMMAND [ARGUMENT...]
 *
 * stdin and stdout of the command are /dev/null. A status other than 0 ends the program.
 */
#define _GNU_SOURCE
#include "serve.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
static char **command;
static posix_spawn_file_actions_t actions;

static uint64_t iteration(void)
{
    pid_t pid;
    int status;
    uint64_t start = bench_now();
    if ((errno = posix_spawnp(&pid, command[0], &actions, NULL, command, environ)))
        bench_die(command[0]);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            bench_die("waitpid");
    uint64_t end = bench_now();
    if (status) {
        dprintf(STDERR_FILENO, "spawn: %s ended with wait status %d\n", command[0], status);
        exit(99);
    }
    return end - start;
}

int main(int argc, char **argv)
{
    long count = 0;
    int at = 1;
    if (at + 1 < argc && !strcmp(argv[at], "--iterations"))
        count = bench_count(argv[at + 1]), at += 2;
    else if (at < argc && !strcmp(argv[at], "--serve"))
        at += 1;
    if (at < argc && !strcmp(argv[at], "--"))
        at += 1;
    if (at == 1 || at >= argc) {
        fprintf(stderr, "usage: spawn --iterations N | --serve -- COMMAND [ARGUMENT...]\n");
        return 2;
    }
    command = argv + at;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    bench_loop(count, iteration);
    return 0;
}
