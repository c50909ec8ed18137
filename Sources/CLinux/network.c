#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

union name {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un local;
};

/* The size of the name, or 0 when the text is no address. */
static socklen_t inet_name(const char *address, uint16_t port, union name *ret_name)
{
    *ret_name = (union name){ 0 };
    if (inet_pton(AF_INET, address, &ret_name->four.sin_addr) == 1) {
        ret_name->four.sin_family = AF_INET;
        ret_name->four.sin_port = htons(port);
        return sizeof ret_name->four;
    }
    if (inet_pton(AF_INET6, address, &ret_name->six.sin6_addr) == 1) {
        ret_name->six.sin6_family = AF_INET6;
        ret_name->six.sin6_port = htons(port);
        return sizeof ret_name->six;
    }
    return 0;
}
static int failed(int descriptor, int result)
{
    close(descriptor);
    return result;
}

int davit_inet_socket(const char *address, int type)
{
    union name name;
    if (inet_name(address, 0, &name) == 0)
        return -EINVAL;
    return DAVIT_CALL(socket(name.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}
int davit_inet_bind(int descriptor, const char *address, uint16_t port, int backlog)
{
    union name name;
    socklen_t size = inet_name(address, port, &name);
    if (size == 0)
        return -EINVAL;
    int on = 1, result = 0;
    /* Without it a port is taken for a minute by the connections of whoever had it before. For datagrams the option
       means something else: two could share the port. */
    if (backlog > 0)
        result = DAVIT_CALL(setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    if (result >= 0)
        result = DAVIT_CALL(bind(descriptor, &name.any, size));
    if (result >= 0 && backlog > 0)
        result = DAVIT_CALL(listen(descriptor, backlog));
    return result;
}
int davit_inet_connect(int descriptor, const char *address, uint16_t port)
{
    union name name;
    socklen_t size = inet_name(address, port, &name);
    return size == 0 ? -EINVAL : DAVIT_CALL(connect(descriptor, &name.any, size));
}
int davit_inet_serve(const char *address, int type, uint16_t port, int backlog)
{
    int descriptor = davit_inet_socket(address, type), on = 1;
    if (descriptor < 0)
        return descriptor;
    bool six = strchr(address, ':') != NULL;
    int result = DAVIT_CALL(setsockopt(descriptor, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_FREEBIND : IP_FREEBIND,
                                       &on, sizeof on));
    if (result >= 0 && six)
        result = DAVIT_CALL(setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on));
    if (result >= 0)
        result = davit_inet_bind(descriptor, address, port, backlog);
    return result < 0 ? failed(descriptor, result) : descriptor;
}
static int inet_text(const union name *name, char *ret_address, uint16_t *ret_port)
{
    bool six = name->any.sa_family == AF_INET6;
    const void *bytes = six ? (const void *)&name->six.sin6_addr : (const void *)&name->four.sin_addr;
    if (!inet_ntop(name->any.sa_family, bytes, ret_address, DAVIT_ADDRESS_SIZE))
        return -errno;
    *ret_port = ntohs(six ? name->six.sin6_port : name->four.sin_port);
    return 0;
}
int64_t davit_inet_receive(int descriptor, void *bytes, size_t count, char *ret_address, uint16_t *ret_port)
{
    union name name = { 0 };
    socklen_t size = sizeof name;
    ssize_t got = DAVIT_CALL(recvfrom(descriptor, bytes, count, MSG_DONTWAIT, &name.any, &size));
    int result = got < 0 ? 0 : inet_text(&name, ret_address, ret_port);
    return result < 0 ? result : got;
}
int64_t davit_inet_send(int descriptor, const void *bytes, size_t count, const char *address, uint16_t port)
{
    union name name;
    socklen_t size = inet_name(address, port, &name);
    return size == 0 ? -EINVAL : DAVIT_CALL(sendto(descriptor, bytes, count, MSG_DONTWAIT, &name.any, size));
}
int davit_inet_peer(int descriptor, char *ret_address, uint16_t *ret_port)
{
    union name name = { 0 };
    socklen_t size = sizeof name;
    int result = DAVIT_CALL(getpeername(descriptor, &name.any, &size));
    return result < 0 ? result : inet_text(&name, ret_address, ret_port);
}
int davit_socket_error(int descriptor)
{
    int error = 0;
    socklen_t size = sizeof error;
    int result = DAVIT_CALL(getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size));
    return result < 0 ? result : -error;
}
int davit_socket_serves(int descriptor)
{
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    int result = DAVIT_CALL(getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size));
    if (result < 0 || type == SOCK_DGRAM)
        return result < 0 ? result : 1;
    result = DAVIT_CALL(getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size));
    return result < 0 ? result : listens;
}

int davit_unix_receiver(const char *path, uint32_t mode)
{
    union name name = { .local = { .sun_family = AF_UNIX } };
    size_t length = strlen(path);
    if (length >= sizeof name.local.sun_path)
        return -ENAMETOOLONG;
    memcpy(name.local.sun_path, path, length);
    int descriptor = DAVIT_CALL(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (descriptor < 0)
        return descriptor;
    int on = 1;
    int result = DAVIT_CALL(setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    if (result >= 0)
        result = DAVIT_CALL(bind(descriptor, &name.any, sizeof name.local));
    if (result >= 0)
        result = DAVIT_CALL(chmod(path, mode));
    return result < 0 ? failed(descriptor, result) : descriptor;
}
int64_t davit_receive_datagram(int descriptor, void *bytes, size_t count, uint32_t *ret_uid, int32_t *ret_pid)
{
    /* Room for the sender and for 253 descriptors: what is not taken in would be cut off and the datagram with it. */
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(253 * sizeof(int))];
    struct iovec vector = { .iov_base = bytes, .iov_len = count };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    ssize_t result = DAVIT_CALL(recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC));
    if (result < 0)
        return result;
    struct ucred sender = { .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET)
            continue;
        if (head->cmsg_type == SCM_CREDENTIALS)
            memcpy(&sender, CMSG_DATA(head), sizeof sender);
        size_t sent = head->cmsg_type == SCM_RIGHTS ? (head->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
        for (size_t i = 0; i < sent; i++) {
            int one;
            memcpy(&one, CMSG_DATA(head) + i * sizeof one, sizeof one);
            close(one);
        }
    }
    if (message.msg_flags & MSG_TRUNC)
        return -EMSGSIZE;
    *ret_uid = sender.uid;
    *ret_pid = sender.pid;
    return result;
}

int davit_pidfd_getfd(int pidfd, int number) { return (int)DAVIT_CALL(syscall(SYS_pidfd_getfd, pidfd, number, 0)); }
