/*
 * client.c - times one request to the agent, from the line sent to the final line of its reply, on one connection.
 *
 *   client --socket SOCKET --request LINE (--iterations N | --serve)
 *
 * Lines with "progress" or "item" are passed over. An error reply ends the program and is printed.
 */
#define _GNU_SOURCE
#include "lines.h"

static int fd;
static char *request, reply[2 << 20];
static size_t held;

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

/* Takes one whole line off the buffer, reading as needed; returns its length with the newline, the line at `reply`. */
static size_t next_line(void)
{
    char *newline;
    while (!(newline = memchr(reply, '\n', held))) {
        size_t got = held < sizeof reply ? bench_read_some(fd, reply + held, sizeof reply - held) : 0;
        if (got == 0) {
            fprintf(stderr, "client: the agent hung up or its line is too long\n");
            exit(1);
        }
        held += got;
    }
    return (size_t)(newline - reply) + 1;
}

static uint64_t iteration(void)
{
    uint64_t start = bench_now();
    bench_write_all(fd, request, strlen(request));
    for (int final = 0; !final;) {
        size_t length = next_line();
        if (has_key(reply, reply + length, "error")) {
            fprintf(stderr, "client: %.*s", (int)length, reply);
            exit(1);
        }
        final = has_key(reply, reply + length, "result");
        memmove(reply, reply + length, held -= length);
    }
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    const char *path = NULL, *line = NULL;
    long count = -1;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--serve"))
            count = 0;
        else if (value && !strcmp(argv[i], "--socket"))
            path = value, i++;
        else if (value && !strcmp(argv[i], "--request"))
            line = value, i++;
        else if (value && !strcmp(argv[i], "--iterations"))
            count = bench_count(value), i++;
    }
    if (!path || !line || count < 0) {
        fprintf(stderr, "usage: client --socket SOCKET --request LINE (--iterations N | --serve)\n");
        return 2;
    }
    fd = bench_connect(path);
    request = bench_line(line);
    bench_loop(count, iteration);
    return 0;
}
