#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
enum { MAX_DESCRIPTORS = 253 }; /* SCM_MAX_FD of <net/scm.h> */

int davit_socket_pair(int type, int *ret_a, int *ret_b)
{
    int ends[2];
    int result = DAVIT_CALL(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends));
    if (result < 0)
        return result;
    *ret_a = ends[0];
    *ret_b = ends[1];
    return 0;
}

static int address(const char *path, struct sockaddr_un *ret_address)
{
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof ret_address->sun_path)
        return length ? -ENAMETOOLONG : -EINVAL;
    *ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(ret_address->sun_path, path, length);
    return 0;
}
static int failed(int descriptor, int result)
{
    close(descriptor);
    return result;
}

int davit_unix_listen(const char *path, int type, uint32_t mode, int backlog)
{
    struct sockaddr_un name;
    int result = address(path, &name);
    if (result < 0)
        return result;
    int descriptor = DAVIT_CALL(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (descriptor < 0)
        return descriptor;
    /* The inode is born with the socket's own mode: nobody can connect between bind and chmod. */
    result = DAVIT_CALL(fchmod(descriptor, mode));
    if (result >= 0)
        result = DAVIT_CALL(bind(descriptor, (struct sockaddr *)&name, sizeof name));
    if (result >= 0)
        result = DAVIT_CALL(chmod(path, mode));
    if (result >= 0)
        result = DAVIT_CALL(listen(descriptor, backlog));
    return result < 0 ? failed(descriptor, result) : descriptor;
}
int davit_unix_connect(const char *path, int type)
{
    struct sockaddr_un name;
    int result = address(path, &name);
    if (result < 0)
        return result;
    int descriptor = DAVIT_CALL(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (descriptor < 0)
        return descriptor;
    result = DAVIT_CALL(connect(descriptor, (struct sockaddr *)&name, sizeof name));
    return result < 0 ? failed(descriptor, result) : descriptor;
}
int davit_accept(int listener) { return DAVIT_CALL(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)); }
int davit_shutdown(int descriptor, int how) { return DAVIT_CALL(shutdown(descriptor, how)); }

int davit_peer(int descriptor, uint32_t *ret_uid, uint32_t *ret_gid, int32_t *ret_pid)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int result = DAVIT_CALL(getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size));
    if (result < 0)
        return result;
    *ret_uid = peer.uid;
    *ret_gid = peer.gid;
    *ret_pid = peer.pid;
    return 0;
}
int davit_peer_groups(int descriptor, uint32_t *groups, size_t capacity)
{
    socklen_t size = (socklen_t)(capacity * sizeof *groups);
    int result = DAVIT_CALL(getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &size));
    return result < 0 ? result : (int)(size / sizeof *groups);
}

int64_t davit_send(int descriptor, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count,
                   bool wait)
{
    if (descriptor_count > MAX_DESCRIPTORS)
        return -E2BIG;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
    struct iovec vector = { .iov_base = (void *)bytes, .iov_len = count };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
    if (descriptor_count > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        memset(control, 0, message.msg_controllen);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS,
                                  .cmsg_len = CMSG_LEN(descriptor_count * sizeof(int)) };
        memcpy(CMSG_DATA(head), descriptors, descriptor_count * sizeof(int));
    }
    return DAVIT_CALL(sendmsg(descriptor, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)));
}

/* Takes the descriptors of one control message: the first `capacity` are kept, the others closed. */
static void take(struct cmsghdr *head, int *descriptors, size_t capacity, size_t *count)
{
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        return;
    size_t sent = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < sent; i++) {
        int one;
        memcpy(&one, CMSG_DATA(head) + i * sizeof one, sizeof one);
        if (*count < capacity)
            descriptors[(*count)++] = one;
        else
            close(one);
    }
}

int64_t davit_receive(int descriptor, void *bytes, size_t count, int *descriptors, size_t capacity,
                      size_t *ret_descriptor_count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_DESCRIPTORS * sizeof(int))];
    struct iovec vector = { .iov_base = bytes, .iov_len = count };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    ssize_t result = DAVIT_CALL(recvmsg(descriptor, &message, MSG_CMSG_CLOEXEC));
    if (result < 0)
        return result;
    size_t taken = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head))
        take(head, descriptors, capacity, &taken);
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        while (taken > 0)
            close(descriptors[--taken]);
        return -EMSGSIZE;
    }
    *ret_descriptor_count = taken;
    return result;
}
