/*
 * echo.c - the floor of a request over a Unix stream socket: a server that sends every line back, and a client that
 * counts replies. The client talks to any server that answers a line with a line, so the agent's `ping` and the
 * floor are measured by the same code.
 *
 *   echo --server SOCKET
 *   echo --client SOCKET --line TEXT --seconds S --pipeline N    prints replies per second
 *
 * With --pipeline 1 a request is sent when the reply before it has come; else N requests are kept in flight.
 */
#define _GNU_SOURCE
#include "lines.h"

enum { room = 1 << 16 };

static size_t count_lines(const char *bytes, size_t count)
{
    size_t lines = 0;
    for (const char *at = bytes; (at = memchr(at, '\n', count - (size_t)(at - bytes))); at++)
        lines++;
    return lines;
}

/* Sends back whole lines, keeps the rest of a cut one, until the peer is gone or its line is too long. */
static void echo_lines(int fd)
{
    static char bytes[room];
    size_t held = 0;
    ssize_t got;
    while (held < room && (got = read(fd, bytes + held, room - held)) > 0) {
        held += (size_t)got;
        char *last = memrchr(bytes, '\n', held);
        size_t whole = last ? (size_t)(last - bytes) + 1 : 0;
        if (whole > 0 && send(fd, bytes, whole, MSG_NOSIGNAL) != (ssize_t)whole)
            return;
        memmove(bytes, bytes + whole, held - whole);
        held -= whole;
    }
}

static void serve(const char *path)
{
    struct sockaddr_un address = bench_address(path);
    int fd = bench_check(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    bench_check(bind(fd, (struct sockaddr *)&address, sizeof address), path);
    bench_check(listen(fd, 16), "listen");
    for (;;) {
        int peer = bench_check(accept4(fd, NULL, NULL, SOCK_CLOEXEC), "accept");
        echo_lines(peer);
        close(peer);
    }
}

static char *repeat(const char *line, size_t length, size_t times)
{
    char *bytes = malloc(length * times);
    for (size_t i = 0; bytes && i < times; i++)
        memcpy(bytes + i * length, line, length);
    return bytes ? bytes : (bench_die("malloc"), NULL);
}

/* Replies per second: as many requests are sent as replies came, so `pipeline` stay in flight. */
static double rate(int fd, const char *request, double seconds, size_t pipeline)
{
    static char bytes[room];
    char *line = bench_line(request);
    size_t length = strlen(line), replies = 0;
    char *burst = repeat(line, length, pipeline);
    uint64_t start = bench_now(), stop = start + (uint64_t)(seconds * 1e9), now;
    bench_write_all(fd, burst, length * pipeline);
    while ((now = bench_now()) < stop) {
        size_t got = bench_read_some(fd, bytes, sizeof bytes);
        size_t lines = count_lines(bytes, got);
        if (got == 0 || memmem(bytes, got, "\"error\"", 7)) {
            fprintf(stderr, "echo: the server %s: %.*s", got ? "refused" : "hung up", (int)got, bytes);
            exit(1);
        }
        replies += lines;
        bench_write_all(fd, burst, length * (lines < pipeline ? lines : pipeline));
    }
    free(burst);
    free(line);
    return (double)replies * 1e9 / (double)(now - start);
}

int main(int argc, char **argv)
{
    const char *server = NULL, *client = NULL, *line = "{\"id\":1,\"method\":\"ping\"}";
    double seconds = 1;
    size_t pipeline = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--server"))
            server = argv[i + 1];
        else if (!strcmp(argv[i], "--client"))
            client = argv[i + 1];
        else if (!strcmp(argv[i], "--line"))
            line = argv[i + 1];
        else if (!strcmp(argv[i], "--seconds"))
            seconds = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--pipeline"))
            pipeline = (size_t)bench_count(argv[i + 1]);
    }
    if (!server == !client || argc % 2 == 0) {
        fprintf(stderr, "usage: echo --server SOCKET | --client SOCKET [--line TEXT] [--seconds S] [--pipeline N]\n");
        return 2;
    }
    if (server)
        serve(server);
    printf("%.1f\n", rate(bench_connect(client), line, seconds, pipeline));
    return 0;
}
