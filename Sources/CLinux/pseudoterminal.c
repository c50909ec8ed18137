#define _GNU_SOURCE
#include "CLinux.h"
#include "call.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int davit_resize_terminal(int descriptor, uint16_t rows, uint16_t columns)
{
    struct winsize size = { .ws_row = rows, .ws_col = columns };
    return DAVIT_CALL(ioctl(descriptor, TIOCSWINSZ, &size));
}

static int open_slave(int master, uint16_t rows, uint16_t columns, uint32_t uid)
{
    int locked = 0;
    int result = DAVIT_CALL(ioctl(master, TIOCSPTLCK, &locked));
    if (result < 0)
        return result;
    /* Not by its name: another devpts might be mounted there. */
    int slave = DAVIT_CALL(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (slave < 0)
        return slave;
    result = DAVIT_CALL(fchown(slave, uid, (gid_t)-1));
    if (result >= 0 && rows > 0 && columns > 0)
        result = davit_resize_terminal(slave, rows, columns);
    if (result >= 0)
        return slave;
    close(slave);
    return result;
}

int davit_open_terminal(int root, uint16_t rows, uint16_t columns, uint32_t uid, int *ret_master, int *ret_slave)
{
    int master = davit_openat2(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
    if (master < 0)
        return master;
    int slave = open_slave(master, rows, columns, uid);
    if (slave < 0) {
        close(master);
        return slave;
    }
    *ret_master = master;
    *ret_slave = slave;
    return 0;
}

int davit_control_terminal(int slave) { return DAVIT_CALL(ioctl(slave, TIOCSCTTY, 0)); }
