/* The only program of the scratch image: says hello with its arguments, waits if the first is "wait". */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void stop(int number) {
    (void)number;
    static const char text[] = "stopped\n";
    _exit(write(1, text, sizeof text - 1) < 0);
}

int main(int argc, char **argv) {
    signal(SIGTERM, stop);
    printf("hello from scratch, pid %d\n", (int)getpid());
    for (int i = 1; i < argc; i++) printf("%s\n", argv[i]);
    fflush(stdout);
    while (argc > 1 && strcmp(argv[1], "wait") == 0) pause();
    return 0;
}
