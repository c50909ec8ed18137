/*
 * log.c - how fast output gets from a program's pipe into a file.
 *
 *   log --produce MIB         writes 100-byte lines to stdout, as a program with a buffered stdout does
 *   log --copy FILE           the plain copy: stdin to FILE, a mebibyte a read
 *   log --iterations N --mib M --directory D
 *                             runs the two against each other; prints nanoseconds of each run
 *   log --serve --mib M --directory D
 *                             the same, once for each line on stdin
 */
#define _GNU_SOURCE
#include "serve.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { line = 100, lines_a_write = 655, piece = 1 << 20, pipe_size = 256 << 10 };

static int produce(long mebibytes)
{
    static char text[line * lines_a_write];
    memset(text, 'x', sizeof text);
    for (size_t at = line - 1; at < sizeof text; at += line)
        text[at] = '\n';
    for (long left = mebibytes << 20; left > 0; left -= (long)sizeof text)
        for (size_t done = 0; done < sizeof text;)
            done += (size_t)bench_check((int)write(STDOUT_FILENO, text + done, sizeof text - done), "write");
    return 0;
}

static int copy(int source, const char *path)
{
    static char bytes[piece];
    int file = bench_check(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), path);
    for (;;) {
        int got = bench_check((int)read(source, bytes, sizeof bytes), "read");
        if (got == 0)
            return 0;
        for (int done = 0; done < got;)
            done += bench_check((int)write(file, bytes + done, (size_t)(got - done)), path);
    }
}

static long mebibytes = 256;
static char *target;

/* The producer in a child, the copy here. */
static uint64_t iteration(void)
{
    int ends[2], status;
    bench_check(pipe2(ends, O_CLOEXEC), "pipe2");
    bench_check(fcntl(ends[1], F_SETPIPE_SZ, pipe_size), "F_SETPIPE_SZ");
    uint64_t begin = bench_now();
    pid_t child = bench_check(fork(), "fork");
    if (child == 0) {
        bench_check(dup2(ends[1], STDOUT_FILENO), "dup2");
        close(ends[0]);
        close(ends[1]);
        _exit(produce(mebibytes));
    }
    close(ends[1]);
    copy(ends[0], target);
    close(ends[0]);
    waitpid(child, &status, 0);
    uint64_t end = bench_now();
    unlink(target);
    return end - begin;
}

int main(int argc, char **argv)
{
    long count = -1;
    const char *directory = NULL;
    int i = 1;
    if (argc > 1 && !strcmp(argv[1], "--serve")) {
        count = 0;
        i = 2;
    }
    for (; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        if (!strcmp(argv[i], "--produce"))
            return produce(bench_count(value));
        else if (!strcmp(argv[i], "--copy"))
            return copy(STDIN_FILENO, value);
        else if (!strcmp(argv[i], "--iterations"))
            count = bench_count(value);
        else if (!strcmp(argv[i], "--mib"))
            mebibytes = bench_count(value);
        else if (!strcmp(argv[i], "--directory"))
            directory = value;
    }
    if (!directory || count < 0) {
        fprintf(stderr, "usage: log --produce MIB | --copy FILE | --iterations N --mib M --directory D\n");
        return 2;
    }
    bench_check(asprintf(&target, "%s/davit-bench-log-%d", directory, getpid()), "asprintf");
    bench_loop(count, iteration);
    return 0;
}
