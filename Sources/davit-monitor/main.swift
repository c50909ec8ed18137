internal import CLinux

davit_ignore_signals(true)
davit_exit(Monitor.run())
