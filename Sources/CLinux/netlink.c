#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

static int configure(int descriptor, int buffer)
{
    static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK };
    int on = 1, result = 0;
    for (size_t i = 0; i < sizeof options / sizeof *options && result >= 0; i++)
        result = DAVIT_CALL(setsockopt(descriptor, SOL_NETLINK, options[i], &on, sizeof on));
    /* Without the capability the system's limits stay; they are enough for all but the largest transactions. */
    (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    struct sockaddr_nl name = { .nl_family = AF_NETLINK };
    return result < 0 ? result : DAVIT_CALL(bind(descriptor, (struct sockaddr *)&name, sizeof name));
}

int davit_netlink_open(int protocol, int buffer)
{
    int descriptor = DAVIT_CALL(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (descriptor < 0)
        return descriptor;
    int result = configure(descriptor, buffer);
    if (result < 0)
        close(descriptor);
    return result < 0 ? result : descriptor;
}

int davit_netlink_join(int descriptor, uint32_t group)
{
    return DAVIT_CALL(setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group));
}

int64_t davit_netlink_receive(int descriptor, void *bytes, size_t count)
{
    for (;;) {
        struct sockaddr_nl sender = { 0 };
        socklen_t size = sizeof sender;
        ssize_t result = DAVIT_CALL(
            recvfrom(descriptor, bytes, count, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&sender, &size));
        if (result < 0)
            return result;
        /* Any process may write to a netlink socket; only the kernel is number 0. */
        if (sender.nl_pid == 0)
            return (size_t)result > count ? -EMSGSIZE : result;
    }
}
