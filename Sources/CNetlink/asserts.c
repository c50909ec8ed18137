/* Numbers that Swift declares again, because their headers can't be read beside the C library's. */
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <sys/socket.h>

_Static_assert(AF_INET == 2 && AF_INET6 == 10, "IPAddress.family");
_Static_assert(IFF_UP == 1 && IFF_RUNNING == 0x40 && IFF_LOOPBACK == 8, "Link.Flags");
_Static_assert(NFPROTO_INET == 1 && NFPROTO_IPV4 == 2 && NFPROTO_NETDEV == 5 && NFPROTO_BRIDGE == 7 &&
                   NFPROTO_IPV6 == 10,
               "Ruleset.Family");
_Static_assert(NF_INET_PRE_ROUTING == 0 && NF_INET_LOCAL_IN == 1 && NF_INET_FORWARD == 2 && NF_INET_LOCAL_OUT == 3 &&
                   NF_INET_POST_ROUTING == 4 && NF_NETDEV_INGRESS == 0,
               "Ruleset.Hook");
_Static_assert(NF_DROP == 0 && NF_ACCEPT == 1, "Ruleset.Verdict");
_Static_assert(IP_CT_ESTABLISHED == 0 && IP_CT_RELATED == 1 && IP_CT_NEW == 2 && NF_CT_STATE_INVALID_BIT == 1 &&
                   NF_CT_STATE_BIT(IP_CT_ESTABLISHED) == 2 && NF_CT_STATE_BIT(IP_CT_RELATED) == 4 &&
                   NF_CT_STATE_BIT(IP_CT_NEW) == 8,
               "Ruleset.ConnectionState");
_Static_assert(NF_NAT_RANGE_PROTO_RANDOM == 4 && NF_NAT_RANGE_PERSISTENT == 8 && NF_NAT_RANGE_PROTO_RANDOM_FULLY == 16,
               "Ruleset.TranslationFlags");
_Static_assert(ETH_P_ALL == 3, "RouteSocket.redirect");
