#pragma once
/* Sockets that the agent opens for containers; the rules are those of CLinux.h. */
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/* A nonblocking socket of the family of `address`, which is numeric; -EINVAL when it is not. */
int davit_inet_socket(const char *address, int type);
/* Binds, and listens unless the socket is for datagrams (backlog 0). */
int davit_inet_bind(int descriptor, const char *address, uint16_t port, int backlog);
/* -EINPROGRESS is the usual answer. */
int davit_inet_connect(int descriptor, const char *address, uint16_t port);
/* davit_inet_socket and davit_inet_bind, also on an address that no link has yet; IPv6 sockets take only IPv6. */
int davit_inet_serve(const char *address, int type, uint16_t port, int backlog);
/* A text of an address, with its NUL: INET6_ADDRSTRLEN. */
enum { DAVIT_ADDRESS_SIZE = 46 };
/* One datagram and its sender; what is longer than `count` is cut off. */
int64_t davit_inet_receive(int descriptor, void *bytes, size_t count, char *ret_address, uint16_t *ret_port);
/* One datagram to an address; never blocks. */
int64_t davit_inet_send(int descriptor, const void *bytes, size_t count, const char *address, uint16_t port);
/* Who is at the other end of a connection. */
int davit_inet_peer(int descriptor, char *ret_address, uint16_t *ret_port);
/* Takes the pending error of a socket: 0 or -errno. */
int davit_socket_error(int descriptor);
/* 1 when the descriptor is a socket that listens, or one for datagrams; 0 when it is another; -ENOTSOCK. */
int davit_socket_serves(int descriptor);
/* A nonblocking datagram socket at `path` that hears who sends. */
int davit_unix_receiver(const char *path, uint32_t mode);
/* One datagram; descriptors in it are closed. -EMSGSIZE when it is longer than `count`. */
int64_t davit_receive_datagram(int descriptor, void *bytes, size_t count, uint32_t *ret_uid, int32_t *ret_pid);
/* A copy of another process's descriptor (Linux 5.6). */
int davit_pidfd_getfd(int pidfd, int number);

#pragma clang assume_nonnull end
