/*
 * serve.h - what every program of the bench has in common: a clock, an end with a reason, and the two ways to be driven.
 *
 *   --iterations N   do it N times, one duration in nanoseconds a line
 *   --serve          do it once for each line read on stdin and answer its duration, so that a runner can take turns
 */
#ifndef BENCH_SERVE_H
#define BENCH_SERVE_H

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Monotonic time in nanoseconds. */
static inline uint64_t bench_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Ends the process, saying what was tried and why it failed. Safe in a clone's child: no stdio buffer is flushed twice. */
__attribute__((noreturn)) static inline void bench_die(const char *tried)
{
    dprintf(STDERR_FILENO, "%s: %s: %s\n", program_invocation_short_name, tried, strerror(errno));
    _exit(99);
}

static inline int bench_check(int result, const char *tried)
{
    if (result < 0)
        bench_die(tried);
    return result;
}

static volatile sig_atomic_t bench_interrupted;

static inline void bench_interrupt(int number)
{
    (void)number;
    bench_interrupted = 1;
}

/* SIGINT and SIGTERM end the loop after the current iteration (no SA_RESTART: a waiting read returns). */
static inline void bench_catch_signals(void)
{
    struct sigaction action = {.sa_handler = bench_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Whether the runner asked for one more: reads up to the end of one line. */
static inline int bench_asked(void)
{
    char byte;
    while (!bench_interrupted && read(STDIN_FILENO, &byte, 1) == 1)
        if (byte == '\n')
            return 1;
    return 0;
}

/* Calls `iteration` `count` times, or as often as asked when `count` is 0; it returns a duration in nanoseconds. */
static inline void bench_loop(long count, uint64_t (*iteration)(void))
{
    bench_catch_signals();
    for (long done = 0; !bench_interrupted && (count ? done < count : bench_asked()); done++)
        dprintf(STDOUT_FILENO, "%llu\n", (unsigned long long)iteration());
}

/* A count from argv: at least 1, or the process ends. */
static inline long bench_count(const char *text)
{
    char *end;
    long count = strtol(text, &end, 10);
    if (*end || count < 1) {
        fprintf(stderr, "%s: not a count of at least 1: %s\n", program_invocation_short_name, text);
        exit(2);
    }
    return count;
}

#endif
