/*
 * true.c - the program that every contender runs: static, no libc, one system call.
 * With -DPAUSE it waits to be killed instead (for the rows that need containers at rest).
 *
 *   gcc -O2 -static -nostdlib -o true true.c
 */
#include <sys/syscall.h>

static long call(long number, long argument)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(argument) : "rcx", "r11", "memory");
    return result;
}

__attribute__((noreturn)) void _start(void)
{
#ifdef PAUSE
    for (;;)
        call(SYS_pause, 0);
#endif
    for (;;)
        call(SYS_exit_group, 0);
}
