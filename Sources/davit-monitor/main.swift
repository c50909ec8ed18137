internal import CLinux

// Without a plan (descriptor 3 is not open) it is the holder, whose life keeps the scope of all containers alive. It
// comes before the signals are ignored: systemd ends the scope by SIGTERM.
let notOpen: Int32 = 0x20
if davit_poll(3, 0, 0) & notOpen != 0 {
    while true { _ = davit_poll(-1, 0, -1) }
}

davit_ignore_signals(true)
davit_exit(Monitor.run())
