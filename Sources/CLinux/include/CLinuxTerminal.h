#pragma once
/* Terminals; see CLinux.h for the conventions. */

/*
 * Forks a child that gives `terminal` its present mode back when the returned descriptor is closed, as by the end of this
 * process, before a byte was written to it. The child has no terminal, ignores signals and keeps nothing else open.
 */
int davit_keep_terminal(int terminal, int *_Nonnull ret_pid);
/* Waits for the end of a child. */
void davit_collect(int pid);
