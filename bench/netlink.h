/*
 * netlink.h - netlink messages, built in place and sent together.
 */
#ifndef BENCH_NETLINK_H
#define BENCH_NETLINK_H

#include "serve.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* Messages that are sent together. */
struct netlink_batch {
    char bytes[16384] __attribute__((aligned(NLMSG_ALIGNTO)));
    size_t length;
    struct nlmsghdr *last;
};

static inline int netlink_socket(int protocol)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int fd = bench_check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "netlink socket");
    bench_check(bind(fd, (struct sockaddr *)&address, sizeof address), "netlink bind");
    return fd;
}

static inline void netlink_acknowledge(struct netlink_batch *batch) { batch->last->nlmsg_flags |= NLM_F_ACK; }

static inline void netlink_message(struct netlink_batch *batch, int type, int flags, const void *body, size_t length)
{
    batch->last = (struct nlmsghdr *)(batch->bytes + batch->length);
    batch->last->nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
    batch->last->nlmsg_type = (uint16_t)type;
    batch->last->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    memcpy(NLMSG_DATA(batch->last), body, length);
    batch->length += NLMSG_SPACE(length);
}

/* Appends to the last message; `data` may be null when it is a nest, which `netlink_close` ends. */
static inline struct rtattr *netlink_attribute(struct netlink_batch *batch, int type, const void *data, size_t length)
{
    struct rtattr *attribute = (struct rtattr *)(batch->bytes + batch->length);
    attribute->rta_type = (uint16_t)type;
    attribute->rta_len = (uint16_t)RTA_LENGTH(length);
    if (length)
        memcpy(RTA_DATA(attribute), data, length);
    batch->length += RTA_SPACE(length);
    batch->last->nlmsg_len = (uint32_t)(batch->bytes + batch->length - (char *)batch->last);
    return attribute;
}

static inline void netlink_close(struct netlink_batch *batch, struct rtattr *nest)
{
    nest->rta_len = (uint16_t)(batch->bytes + batch->length - (char *)nest);
}

/* Sends it and waits until the message is acknowledged that asks for it; the first error ends the process. */
static inline void netlink_send(int fd, struct netlink_batch *batch, const char *tried)
{
    char answer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
    bench_check((int)send(fd, batch->bytes, batch->length, 0), tried);
    bench_check((int)recv(fd, answer, sizeof answer, 0), tried);
    errno = -((struct nlmsgerr *)NLMSG_DATA((struct nlmsghdr *)answer))->error;
    if (errno)
        bench_die(tried);
}

#endif
