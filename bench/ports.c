/*
 * ports.c - the least that one more published port asks of the kernel, with many there: the port is free at the host in
 * both versions (two binds), and one element more in each of two maps of nftables (one transaction). With --together,
 * so many ports more, in one transaction; the time is that of all.
 *
 *   ports --present N [--together N] (--iterations N | --serve)
 *
 * In a network namespace of its own. What was added is deleted again, not timed.
 */
#define _GNU_SOURCE
#include "netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <sched.h>

enum { most_elements = 100, wanted_port = 30000 };

struct map {
    const char *name;
    uint32_t id, address_length;
};
static const struct map maps[] = {{"four", 1, 4}, {"six", 2, 16}};
static const char table[] = "bench";
static long together = 1;
static int rules_fd;

static void put(struct netlink_batch *batch, int type, int flags)
{
    struct nfgenmsg body = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
    netlink_message(batch, NFNL_SUBSYS_NFTABLES << 8 | type, flags, &body, sizeof body);
}

static void put_frame(struct netlink_batch *batch, int type)
{
    struct nfgenmsg body = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
    netlink_message(batch, type, 0, &body, sizeof body);
}

static void put_text(struct netlink_batch *batch, int type, const char *text)
{
    netlink_attribute(batch, type, text, strlen(text) + 1);
}

static void put_number(struct netlink_batch *batch, int type, uint32_t number)
{
    uint32_t bytes = htonl(number);
    netlink_attribute(batch, type, &bytes, sizeof bytes);
}

/* The last message before the end is acknowledged: the end itself only since Linux 6.10. */
static void commit(struct netlink_batch *batch, const char *tried)
{
    netlink_acknowledge(batch);
    put_frame(batch, NFNL_MSG_BATCH_END);
    netlink_send(rules_fd, batch, tried);
}

/* Key: transport and port, of four bytes each. Value: address and port. */
static void put_map(struct netlink_batch *batch, const struct map *map)
{
    put(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
    put_text(batch, NFTA_SET_TABLE, table);
    put_text(batch, NFTA_SET_NAME, map->name);
    put_number(batch, NFTA_SET_FLAGS, NFT_SET_MAP);
    put_number(batch, NFTA_SET_KEY_TYPE, 0);
    put_number(batch, NFTA_SET_KEY_LEN, 8);
    put_number(batch, NFTA_SET_DATA_TYPE, 0);
    put_number(batch, NFTA_SET_DATA_LEN, map->address_length + 4);
    put_number(batch, NFTA_SET_ID, map->id);
}

static void put_value(struct netlink_batch *batch, int type, const void *bytes, size_t length)
{
    struct rtattr *nest = netlink_attribute(batch, type, NULL, 0);
    netlink_attribute(batch, NFTA_DATA_VALUE, bytes, length);
    netlink_close(batch, nest);
}

static void put_element(struct netlink_batch *batch, const struct map *map, uint16_t port)
{
    struct rtattr *nest = netlink_attribute(batch, NFTA_LIST_ELEM, NULL, 0);
    unsigned char key[8] = {IPPROTO_TCP, 0, 0, 0, (unsigned char)(port >> 8), (unsigned char)port};
    unsigned char value[20] = {10, 88, 0, 2};
    value[map->address_length + 1] = 80;
    put_value(batch, NFTA_SET_ELEM_KEY, key, sizeof key);
    put_value(batch, NFTA_SET_ELEM_DATA, value, map->address_length + 4);
    netlink_close(batch, nest);
}

/* The same ports in both maps, all or none. */
static void change(int type, int flags, long first, long count)
{
    struct netlink_batch batch = {.length = 0};
    put_frame(&batch, NFNL_MSG_BATCH_BEGIN);
    for (size_t map = 0; map < 2; map++) {
        put(&batch, type, flags);
        put_text(&batch, NFTA_SET_ELEM_LIST_TABLE, table);
        put_text(&batch, NFTA_SET_ELEM_LIST_SET, maps[map].name);
        struct rtattr *elements = netlink_attribute(&batch, NFTA_SET_ELEM_LIST_ELEMENTS, NULL, 0);
        for (long port = first; port < first + count; port++)
            put_element(&batch, &maps[map], (uint16_t)port);
        netlink_close(&batch, elements);
    }
    commit(&batch, "elements");
}

static void prepare(long present)
{
    struct netlink_batch batch = {.length = 0};
    bench_check(unshare(CLONE_NEWNET), "unshare");
    rules_fd = netlink_socket(NETLINK_NETFILTER);
    put_frame(&batch, NFNL_MSG_BATCH_BEGIN);
    put(&batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
    put_text(&batch, NFTA_TABLE_NAME, table);
    put_map(&batch, &maps[0]);
    put_map(&batch, &maps[1]);
    commit(&batch, "table");
    for (long first = 1, count; first <= present; first += count) {
        count = present - first + 1 < most_elements ? present - first + 1 : most_elements;
        change(NFT_MSG_NEWSETELEM, NLM_F_CREATE, first, count);
    }
}

static void find_free(int family, const void *address, socklen_t length)
{
    int fd = bench_check(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"), yes = 1;
    if (family == AF_INET6)
        bench_check(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes), "v6only");
    bench_check(bind(fd, address, length), "bind");
    close(fd);
}

static uint64_t iteration(void)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    uint64_t begin = bench_now();
    for (long port = wanted_port; port < wanted_port + together; port++) {
        four.sin_port = six.sin6_port = htons((uint16_t)port);
        find_free(AF_INET, &four, sizeof four);
        find_free(AF_INET6, &six, sizeof six);
    }
    change(NFT_MSG_NEWSETELEM, NLM_F_CREATE, wanted_port, together);
    uint64_t end = bench_now();
    change(NFT_MSG_DELSETELEM, 0, wanted_port, together);
    return end - begin;
}

int main(int argc, char **argv)
{
    long count = -1, present = 0;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--serve"))
            count = 0;
        else if (!strcmp(argv[i], "--iterations"))
            count = bench_count(value), i++;
        else if (!strcmp(argv[i], "--present"))
            present = bench_count(value), i++;
        else if (!strcmp(argv[i], "--together"))
            together = bench_count(value), i++;
    }
    if (count < 0 || present < 1 || present >= wanted_port || together < 1 || together > most_elements) {
        fprintf(stderr, "usage: ports --present N [--together N] (--iterations N | --serve)\n");
        return 2;
    }
    prepare(present);
    bench_loop(count, iteration);
    return 0;
}
