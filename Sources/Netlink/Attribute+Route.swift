internal import CNetlink

/// `<linux/if_link.h>`, `<linux/veth.h>`
extension Attribute {
    static var linkAddress: Self { Self(IFLA_ADDRESS) }
    static var linkName: Self { Self(IFLA_IFNAME) }
    static var linkMTU: Self { Self(IFLA_MTU) }
    static var linkParent: Self { Self(IFLA_LINK) }
    static var linkMaster: Self { Self(IFLA_MASTER) }
    static var linkAlias: Self { Self(IFLA_IFALIAS) }
    static var linkGroup: Self { Self(IFLA_GROUP) }
    static var linkInfo: Self { Self(IFLA_LINKINFO) }
    static var linkNamespace: Self { Self(IFLA_NET_NS_FD) }
    static var linkNamespaceID: Self { Self(IFLA_LINK_NETNSID) }
    static var linkOperationalState: Self { Self(IFLA_OPERSTATE) }
    static var linkFamilies: Self { Self(IFLA_AF_SPEC) }
    static var linkAddressGeneration: Self { Self(IFLA_INET6_ADDR_GEN_MODE) }
    static var linkMask: Self { Self(IFLA_EXT_MASK) }
    static var kind: Self { Self(IFLA_INFO_KIND) }
    static var data: Self { Self(IFLA_INFO_DATA) }
    static var portKind: Self { Self(IFLA_INFO_SLAVE_KIND) }
    static var portData: Self { Self(IFLA_INFO_SLAVE_DATA) }
    static var peer: Self { Self(VETH_INFO_PEER) }
    static var macvlanMode: Self { Self(IFLA_MACVLAN_MODE) }
    static var ipvlanMode: Self { Self(IFLA_IPVLAN_MODE) }
    static var bridgeFilters4: Self { Self(IFLA_BR_NF_CALL_IPTABLES) }
    static var bridgeFilters6: Self { Self(IFLA_BR_NF_CALL_IP6TABLES) }
    static var portHairpin: Self { Self(IFLA_BRPORT_MODE) }
    static var portIsolated: Self { Self(IFLA_BRPORT_ISOLATED) }
    static var portProxyARP: Self { Self(IFLA_BRPORT_PROXYARP) }
    static var portSuppression: Self { Self(IFLA_BRPORT_NEIGH_SUPPRESS) }
    static var portLearning: Self { Self(IFLA_BRPORT_LEARNING) }
}

/// `<linux/if_addr.h>`, `<linux/rtnetlink.h>`, `<linux/neighbour.h>`
extension Attribute {
    static var address: Self { Self(IFA_ADDRESS) }
    static var localAddress: Self { Self(IFA_LOCAL) }
    static var multicast: Self { Self(IFA_MULTICAST) }
    static var addressFlags: Self { Self(IFA_FLAGS) }
    static var destination: Self { Self(RTA_DST) }
    static var gateway: Self { Self(RTA_GATEWAY) }
    static var via: Self { Self(RTA_VIA) }
    static var outLink: Self { Self(RTA_OIF) }
    static var priority: Self { Self(RTA_PRIORITY) }
    static var preferredSource: Self { Self(RTA_PREFSRC) }
    static var neighbour: Self { Self(NDA_DST) }
    static var neighbourLink: Self { Self(NDA_LLADDR) }
}

/// `<linux/rtnetlink.h>`, `<linux/pkt_sched.h>`, `<linux/pkt_cls.h>`, `<linux/tc_act/tc_mirred.h>`
extension Attribute {
    static var trafficKind: Self { Self(TCA_KIND) }
    static var trafficOptions: Self { Self(TCA_OPTIONS) }
    static var bucket: Self { Self(TCA_TBF_PARMS) }
    static var bucketRate: Self { Self(TCA_TBF_RATE64) }
    static var bucketBurst: Self { Self(TCA_TBF_BURST) }
    static var selector: Self { Self(TCA_U32_SEL) }
    static var selectorActions: Self { Self(TCA_U32_ACT) }
    static var actionKind: Self { Self(TCA_ACT_KIND) }
    static var actionOptions: Self { Self(TCA_ACT_OPTIONS) }
    static var redirection: Self { Self(TCA_MIRRED_PARMS) }
}
