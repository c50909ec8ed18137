/*
 * spawn.c - times a command from spawn to exit, without an interpreter's cost around it.
 *
 *   spawn (--iterations N | --serve) [--private] -- COMMAND [ARGUMENT...]
 *
 * stdin and stdout of the command are /dev/null. A status other than 0 ends the program.
 * The duration ends with the command; the answer comes when its orphans have ended too.
 * --private: in a mount namespace of this process the command sees an empty /run, /dev/shm, /var/lib/containers and
 * /var/lib/cni, so nothing of it stays on the host. On a host with hybrid cgroups it sees the v2 tree alone at
 * /sys/fs/cgroup: Debian's crun refuses a hybrid host even with its cgroups disabled.
 */
#define _GNU_SOURCE
#include "serve.h"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

extern char **environ;
static char **command;
static posix_spawn_file_actions_t actions;

/* What the command left running (podman's conmon starts one more podman) ends outside its own time and everybody's. */
static void wait_for_stragglers(void)
{
    while (wait(NULL) > 0 || errno == EINTR)
        continue;
}

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
    wait_for_stragglers();
    if (status) {
        dprintf(STDERR_FILENO, "spawn: %s ended with wait status %d\n", command[0], status);
        exit(99);
    }
    return end - start;
}

static const char *const kept_elsewhere[] = {"/var/lib/containers", "/var/lib/cni"};

static void hide_host(void)
{
    bench_check(unshare(CLONE_NEWNS), "unshare");
    bench_check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
    bench_check(mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), "tmpfs on /run");
    bench_check(mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"), "tmpfs on /dev/shm");
    for (size_t i = 0; i < sizeof kept_elsewhere / sizeof *kept_elsewhere; i++)
        if (mount("tmpfs", kept_elsewhere[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=700") < 0 && errno != ENOENT)
            bench_die(kept_elsewhere[i]);
    if (access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) == 0)
        bench_check(mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND, NULL), "bind cgroup2");
}

static void quiet(void)
{
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
}

int main(int argc, char **argv)
{
    long count = -1;
    int private = 0, at = 1;
    for (; at < argc && strcmp(argv[at], "--"); at++) {
        if (!strcmp(argv[at], "--serve"))
            count = 0;
        else if (!strcmp(argv[at], "--private"))
            private = 1;
        else if (at + 1 < argc && !strcmp(argv[at], "--iterations"))
            count = bench_count(argv[++at]);
    }
    if (count < 0 || at + 1 >= argc) {
        fprintf(stderr, "usage: spawn (--iterations N | --serve) [--private] -- COMMAND [ARGUMENT...]\n");
        return 2;
    }
    command = argv + at + 1;
    if (private)
        hide_host();
    quiet();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    bench_loop(count, iteration);
    return 0;
}
