/*
 * lines.h - a Unix stream socket and the lines on it, for the clients of the bench.
 */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include "serve.h"

#include <sys/socket.h>
#include <sys/un.h>

static inline struct sockaddr_un bench_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        bench_die(path);
    }
    strcpy(address.sun_path, path);
    return address;
}

static inline int bench_connect(const char *path)
{
    struct sockaddr_un address = bench_address(path);
    int fd = bench_check(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    bench_check(connect(fd, (struct sockaddr *)&address, sizeof address), path);
    return fd;
}

static inline void bench_write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = send(fd, bytes, count, MSG_NOSIGNAL);
        if (written < 0 && errno != EINTR)
            bench_die("send");
        if (written > 0)
            bytes += written, count -= (size_t)written;
    }
}

/* At least one byte, or 0 at the end of the stream. */
static inline size_t bench_read_some(int fd, char *bytes, size_t room)
{
    for (;;) {
        ssize_t count = read(fd, bytes, room);
        if (count >= 0)
            return (size_t)count;
        if (errno != EINTR)
            bench_die("read");
    }
}

/* A request with its newline; the caller owns it. */
static inline char *bench_line(const char *request)
{
    char *line;
    bench_check(asprintf(&line, "%s\n", request), "asprintf");
    return line;
}

#endif
