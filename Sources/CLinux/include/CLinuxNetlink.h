#pragma once
/* Netlink sockets; the rules are those of CLinux.h. */
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/* A bound socket that explains its errors, does not repeat requests in them, and refuses what it does not understand in
 * requests for lists (Linux 4.20). Its buffers are as large as asked for when CAP_NET_ADMIN allows. */
int davit_netlink_open(int protocol, int buffer);
int davit_netlink_join(int descriptor, uint32_t group);
/* One datagram of the kernel's, without waiting; those of others are passed over. -EAGAIN when there is none, -ENOBUFS
 * when some were lost, -EMSGSIZE when it was longer than `count`. */
int64_t davit_netlink_receive(int descriptor, void *bytes, size_t count);

#pragma clang assume_nonnull end
