/*
 * client.c - times one request to the agent, from the line sent to the final line of its reply, on one connection; or
 * many, each connection with one in flight until all are answered.
 *
 *   client --socket SOCKET --request LINE (--iterations N | --serve) [--undo LINE] [--connections C --requests R]
 *
 * Lines with "progress" or "item" are passed over. An error reply ends the program and is printed.
 * --undo: a second request after each timed one, not timed.
 */
#define _GNU_SOURCE
#include "lines.h"

#include <poll.h>

enum { reply_size = 2 << 20, most_connections = 256 };
static struct {
    char *reply;
    size_t held;
} held[most_connections];
static struct pollfd sockets[most_connections];
static long connections = 1, requests = 1;
static char *request, *undo;

/* The first byte after the string that starts at `at`, or `end`. */
static const char *after_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

/* Whether the object on this line has `key` at its top: a string one level deep, followed by a colon. */
static int has_key(const char *at, const char *end, const char *key)
{
    int depth = 0;
    while (at < end) {
        if (*at != '"') {
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
            at++;
            continue;
        }
        const char *name = at + 1;
        at = after_string(at, end);
        size_t length = (size_t)(at - name) - 1;
        if (depth == 1 && at < end && *at == ':' && length == strlen(key) && !memcmp(name, key, length))
            return 1;
    }
    return 0;
}

/* Reads what there is on a connection, waiting for it; then whether the final line has come. It is passed over, too. */
static int read_final(long at)
{
    char *reply = held[at].reply, *newline;
    size_t room = reply_size - held[at].held;
    size_t got = room > 0 ? bench_read_some(sockets[at].fd, reply + held[at].held, room) : 0;
    int final = 0;
    if (got == 0) {
        fprintf(stderr, "client: the agent hung up or its line is too long\n");
        exit(1);
    }
    for (held[at].held += got; !final && (newline = memchr(reply, '\n', held[at].held));) {
        size_t length = (size_t)(newline - reply) + 1;
        if (has_key(reply, reply + length, "error")) {
            fprintf(stderr, "client: %.*s", (int)length, reply);
            exit(1);
        }
        final = has_key(reply, reply + length, "result");
        memmove(reply, reply + length, held[at].held -= length);
    }
    return final;
}

static void ask(long at, const char *line) { bench_write_all(sockets[at].fd, line, strlen(line)); }

static void ask_once(const char *line)
{
    ask(0, line);
    while (!read_final(0))
        continue;
}

/* A connection that got its answer asks again while there is something left to ask for. */
static void ask_all(void)
{
    long asked = 0, answered = 0;
    while (asked < connections && asked < requests)
        ask(asked++, request);
    while (answered < requests) {
        if (poll(sockets, (nfds_t)connections, -1) < 0 && errno != EINTR)
            bench_die("poll");
        for (long at = 0; at < connections; at++) {
            if (!sockets[at].revents || !read_final(at))
                continue;
            answered++;
            if (asked < requests)
                ask(at, request), asked++;
        }
    }
}

static uint64_t iteration(void)
{
    uint64_t start = bench_now();
    if (requests == 1)
        ask_once(request);
    else
        ask_all();
    uint64_t end = bench_now();
    if (undo)
        ask_once(undo);
    return end - start;
}

static void connect_all(const char *path)
{
    for (long at = 0; at < connections; at++) {
        sockets[at] = (struct pollfd){.fd = bench_connect(path), .events = POLLIN};
        if (!(held[at].reply = malloc(reply_size)))
            bench_die("malloc");
    }
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    long count = -1;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--serve"))
            count = 0;
        else if (value && !strcmp(argv[i], "--socket"))
            path = value, i++;
        else if (value && !strcmp(argv[i], "--request"))
            request = bench_line(value), i++;
        else if (value && !strcmp(argv[i], "--undo"))
            undo = bench_line(value), i++;
        else if (value && !strcmp(argv[i], "--connections"))
            connections = bench_count(value), i++;
        else if (value && !strcmp(argv[i], "--requests"))
            requests = bench_count(value), i++;
        else if (value && !strcmp(argv[i], "--iterations"))
            count = bench_count(value), i++;
    }
    if (!path || !request || count < 0 || connections > most_connections) {
        fprintf(stderr, "usage: client --socket SOCKET --request LINE (--iterations N | --serve) [--undo LINE]\n"
                        "              [--connections C --requests R]\n");
        return 2;
    }
    connect_all(path);
    bench_loop(count, iteration);
    return 0;
}
