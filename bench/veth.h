/*
 * veth.h - the least that puts a new network namespace on a bridge: one message for both ends of a veth, one batch for
 * the links, the address and the route inside.
 */
#ifndef BENCH_VETH_H
#define BENCH_VETH_H

#include "netlink.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

/* The network is 10.88.0.0/16. The index of eth0 is chosen by us, so that nobody has to ask for it. */
enum { veth_network = 0x0A580000, veth_gateway = veth_network + 1, veth_length = 16, veth_index = 1000 };

static inline void veth_put_up(struct netlink_batch *batch, int index)
{
    struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    netlink_message(batch, RTM_NEWLINK, 0, &link, sizeof link);
}

static inline void veth_put_address(struct netlink_batch *batch, int index, uint32_t address)
{
    struct ifaddrmsg body = {.ifa_family = AF_INET, .ifa_prefixlen = veth_length, .ifa_index = (uint32_t)index};
    uint32_t bytes = htonl(address);
    netlink_message(batch, RTM_NEWADDR, NLM_F_CREATE, &body, sizeof body);
    netlink_attribute(batch, IFA_LOCAL, &bytes, sizeof bytes);
    netlink_attribute(batch, IFA_ADDRESS, &bytes, sizeof bytes);
}

static inline void veth_put_default_route(struct netlink_batch *batch, int index)
{
    struct rtmsg body = {
        .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST,
    };
    uint32_t gateway = htonl(veth_gateway);
    netlink_message(batch, RTM_NEWROUTE, NLM_F_CREATE, &body, sizeof body);
    netlink_attribute(batch, RTA_GATEWAY, &gateway, sizeof gateway);
    netlink_attribute(batch, RTA_OIF, &index, sizeof index);
}

/* A bridge with the gateway's address, up; its index. Once for a namespace. */
static inline int veth_make_bridge(int fd)
{
    struct netlink_batch batch = {.length = 0};
    struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    netlink_message(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
    netlink_attribute(&batch, IFLA_IFNAME, "bench0", sizeof "bench0");
    struct rtattr *info = netlink_attribute(&batch, IFLA_LINKINFO, NULL, 0);
    netlink_attribute(&batch, IFLA_INFO_KIND, "bridge", sizeof "bridge");
    netlink_close(&batch, info);
    netlink_acknowledge(&batch);
    netlink_send(fd, &batch, "bridge");
    int index = bench_check((int)if_nametoindex("bench0") - 1, "bench0") + 1;
    struct netlink_batch address = {.length = 0};
    veth_put_address(&address, index, veth_gateway);
    netlink_acknowledge(&address);
    netlink_send(fd, &address, "bridge's address");
    return index;
}

/* Both ends: the one here up and on the bridge, the other born as eth0 in the namespace of a process. */
static inline void veth_make(int fd, int bridge, unsigned number, pid_t pid)
{
    struct netlink_batch batch = {.length = 0};
    struct ifinfomsg here = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP}, there = {.ifi_index = veth_index};
    uint32_t owner = (uint32_t)pid;
    /* The kernel takes an index for the other end only with one for this end. */
    here.ifi_index = veth_index + (int)(number % 100000000);
    char name[IFNAMSIZ];
    int length = snprintf(name, sizeof name, "bench-%u", number % 100000000);
    netlink_message(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &here, sizeof here);
    netlink_attribute(&batch, IFLA_IFNAME, name, (size_t)length + 1);
    netlink_attribute(&batch, IFLA_MASTER, &bridge, sizeof bridge);
    struct rtattr *info = netlink_attribute(&batch, IFLA_LINKINFO, NULL, 0);
    netlink_attribute(&batch, IFLA_INFO_KIND, "veth", 4);
    struct rtattr *data = netlink_attribute(&batch, IFLA_INFO_DATA, NULL, 0);
    struct rtattr *peer = netlink_attribute(&batch, VETH_INFO_PEER, &there, sizeof there);
    netlink_attribute(&batch, IFLA_IFNAME, "eth0", sizeof "eth0");
    netlink_attribute(&batch, IFLA_NET_NS_PID, &owner, sizeof owner);
    netlink_close(&batch, peer);
    netlink_close(&batch, data);
    netlink_close(&batch, info);
    netlink_acknowledge(&batch);
    netlink_send(fd, &batch, "veth");
}

/* Inside, as one batch: lo and eth0 up, the address, the way out. Only lo without an address. */
static inline void veth_put_in_order(uint32_t address)
{
    struct netlink_batch batch = {.length = 0};
    int fd = netlink_socket(NETLINK_ROUTE);
    veth_put_up(&batch, 1);
    if (address) {
        veth_put_up(&batch, veth_index);
        veth_put_address(&batch, veth_index, address);
        veth_put_default_route(&batch, veth_index);
    }
    netlink_acknowledge(&batch);
    netlink_send(fd, &batch, "links, address and route inside");
    close(fd);
}

#endif
