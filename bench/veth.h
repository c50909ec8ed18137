/*
 * veth.h - the least that puts a new network namespace on a bridge: one message for both ends of a veth, one batch for
 * the links, the address and the route inside.
 */
#ifndef BENCH_VETH_H
#define BENCH_VETH_H

#include "serve.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

/* The network is 10.88.0.0/16. The index of eth0 is chosen by us, so that nobody has to ask for it. */
enum { veth_network = 0x0A580000, veth_gateway = veth_network + 1, veth_length = 16, veth_index = 1000 };

/* Messages that are sent together. */
struct veth_batch {
    char bytes[1024];
    size_t length;
    struct nlmsghdr *last;
};

static inline int veth_socket(void)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int fd = bench_check(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink socket");
    bench_check(bind(fd, (struct sockaddr *)&address, sizeof address), "netlink bind");
    return fd;
}

static inline void veth_message(struct veth_batch *batch, int type, int flags, const void *body, size_t length)
{
    batch->last = (struct nlmsghdr *)(batch->bytes + batch->length);
    batch->last->nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
    batch->last->nlmsg_type = (uint16_t)type;
    batch->last->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    memcpy(NLMSG_DATA(batch->last), body, length);
    batch->length += NLMSG_SPACE(length);
}

/* Appends to the last message; `data` may be null when it is a nest, which `veth_close` ends. */
static inline struct rtattr *veth_attribute(struct veth_batch *batch, int type, const void *data, size_t length)
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

static inline void veth_close(struct veth_batch *batch, struct rtattr *nest)
{
    nest->rta_len = (uint16_t)(batch->bytes + batch->length - (char *)nest);
}

/* Sends it and waits for the end of all of it; the first error ends the process. */
static inline void veth_send(int fd, struct veth_batch *batch, const char *tried)
{
    char answer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
    batch->last->nlmsg_flags |= NLM_F_ACK;
    bench_check((int)send(fd, batch->bytes, batch->length, 0), tried);
    bench_check((int)recv(fd, answer, sizeof answer, 0), tried);
    errno = -((struct nlmsgerr *)NLMSG_DATA((struct nlmsghdr *)answer))->error;
    if (errno)
        bench_die(tried);
}

static inline void veth_put_up(struct veth_batch *batch, int index)
{
    struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    veth_message(batch, RTM_NEWLINK, 0, &link, sizeof link);
}

static inline void veth_put_address(struct veth_batch *batch, int index, uint32_t address)
{
    struct ifaddrmsg body = {.ifa_family = AF_INET, .ifa_prefixlen = veth_length, .ifa_index = (uint32_t)index};
    uint32_t bytes = htonl(address);
    veth_message(batch, RTM_NEWADDR, NLM_F_CREATE, &body, sizeof body);
    veth_attribute(batch, IFA_LOCAL, &bytes, sizeof bytes);
    veth_attribute(batch, IFA_ADDRESS, &bytes, sizeof bytes);
}

static inline void veth_put_default_route(struct veth_batch *batch, int index)
{
    struct rtmsg body = {
        .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST,
    };
    uint32_t gateway = htonl(veth_gateway);
    veth_message(batch, RTM_NEWROUTE, NLM_F_CREATE, &body, sizeof body);
    veth_attribute(batch, RTA_GATEWAY, &gateway, sizeof gateway);
    veth_attribute(batch, RTA_OIF, &index, sizeof index);
}

/* A bridge with the gateway's address, up; its index. Once for a namespace. */
static inline int veth_make_bridge(int fd)
{
    struct veth_batch batch = {.length = 0};
    struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    veth_message(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
    veth_attribute(&batch, IFLA_IFNAME, "bench0", sizeof "bench0");
    struct rtattr *info = veth_attribute(&batch, IFLA_LINKINFO, NULL, 0);
    veth_attribute(&batch, IFLA_INFO_KIND, "bridge", sizeof "bridge");
    veth_close(&batch, info);
    veth_send(fd, &batch, "bridge");
    int index = bench_check((int)if_nametoindex("bench0") - 1, "bench0") + 1;
    struct veth_batch address = {.length = 0};
    veth_put_address(&address, index, veth_gateway);
    veth_send(fd, &address, "bridge's address");
    return index;
}

/* Both ends: the one here up and on the bridge, the other born as eth0 in the namespace of a process. */
static inline void veth_make(int fd, int bridge, unsigned number, pid_t pid)
{
    struct veth_batch batch = {.length = 0};
    struct ifinfomsg here = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP}, there = {.ifi_index = veth_index};
    uint32_t owner = (uint32_t)pid;
    /* The kernel takes an index for the other end only with one for this end. */
    here.ifi_index = veth_index + (int)(number % 100000000);
    char name[IFNAMSIZ];
    int length = snprintf(name, sizeof name, "bench-%u", number % 100000000);
    veth_message(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &here, sizeof here);
    veth_attribute(&batch, IFLA_IFNAME, name, (size_t)length + 1);
    veth_attribute(&batch, IFLA_MASTER, &bridge, sizeof bridge);
    struct rtattr *info = veth_attribute(&batch, IFLA_LINKINFO, NULL, 0);
    veth_attribute(&batch, IFLA_INFO_KIND, "veth", 4);
    struct rtattr *data = veth_attribute(&batch, IFLA_INFO_DATA, NULL, 0);
    struct rtattr *peer = veth_attribute(&batch, VETH_INFO_PEER, &there, sizeof there);
    veth_attribute(&batch, IFLA_IFNAME, "eth0", sizeof "eth0");
    veth_attribute(&batch, IFLA_NET_NS_PID, &owner, sizeof owner);
    veth_close(&batch, peer);
    veth_close(&batch, data);
    veth_close(&batch, info);
    veth_send(fd, &batch, "veth");
}

/* Inside, as one batch: lo and eth0 up, the address, the way out. Only lo without an address. */
static inline void veth_put_in_order(uint32_t address)
{
    struct veth_batch batch = {.length = 0};
    int fd = veth_socket();
    veth_put_up(&batch, 1);
    if (address) {
        veth_put_up(&batch, veth_index);
        veth_put_address(&batch, veth_index, address);
        veth_put_default_route(&batch, veth_index);
    }
    veth_send(fd, &batch, "links, address and route inside");
    close(fd);
}

#endif
