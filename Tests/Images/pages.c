/*
 * The only program of the pages image: takes MiB of memory in pages of 2 MiB and touches each of them. With a second word
 * the pages are not reserved before. Says what became of it; "wait" only waits.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void stop(int number) {
    (void)number;
    _exit(0);
}

int main(int argc, char **argv) {
    signal(SIGTERM, stop);
    while (argc < 2 || strcmp(argv[1], "wait") == 0) pause();
    const size_t size = strtoul(argv[1], NULL, 10) << 20, page = 2 << 20;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | (argc > 2 ? MAP_NORESERVE : 0);
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) {
        printf("mmap: %s\n", strerror(errno));
        return 1;
    }
    for (size_t at = 0; at < size; at += page) memory[at] = 1;
    printf("%zu pages\n", size / page);
    return 0;
}
