internal import CNetlink

/// `<linux/netfilter/nf_tables.h>`: tables, chains, rules.
extension Attribute {
    static var generation: Self { Self(NFNL_BATCH_GENID) }
    static var generationID: Self { Self(NFTA_GEN_ID) }
    static var generationProcess: Self { Self(NFTA_GEN_PROC_PID) }
    static var generationProgram: Self { Self(NFTA_GEN_PROC_NAME) }
    static var listElement: Self { Self(NFTA_LIST_ELEM) }
    static var tableName: Self { Self(NFTA_TABLE_NAME) }
    static var chainTable: Self { Self(NFTA_CHAIN_TABLE) }
    static var chainName: Self { Self(NFTA_CHAIN_NAME) }
    static var chainHook: Self { Self(NFTA_CHAIN_HOOK) }
    static var chainPolicy: Self { Self(NFTA_CHAIN_POLICY) }
    static var chainType: Self { Self(NFTA_CHAIN_TYPE) }
    static var hookNumber: Self { Self(NFTA_HOOK_HOOKNUM) }
    static var hookPriority: Self { Self(NFTA_HOOK_PRIORITY) }
    static var hookDevice: Self { Self(NFTA_HOOK_DEV) }
    static var ruleTable: Self { Self(NFTA_RULE_TABLE) }
    static var ruleChain: Self { Self(NFTA_RULE_CHAIN) }
    static var ruleExpressions: Self { Self(NFTA_RULE_EXPRESSIONS) }
    static var expressionName: Self { Self(NFTA_EXPR_NAME) }
    static var expressionData: Self { Self(NFTA_EXPR_DATA) }
    static var dataValue: Self { Self(NFTA_DATA_VALUE) }
    static var dataVerdict: Self { Self(NFTA_DATA_VERDICT) }
    static var verdictCode: Self { Self(NFTA_VERDICT_CODE) }
    static var verdictChain: Self { Self(NFTA_VERDICT_CHAIN) }
}

/// Sets, maps and their elements.
extension Attribute {
    static var setTable: Self { Self(NFTA_SET_TABLE) }
    static var setName: Self { Self(NFTA_SET_NAME) }
    static var setFlags: Self { Self(NFTA_SET_FLAGS) }
    static var setKeyType: Self { Self(NFTA_SET_KEY_TYPE) }
    static var setKeyLength: Self { Self(NFTA_SET_KEY_LEN) }
    static var setDataType: Self { Self(NFTA_SET_DATA_TYPE) }
    static var setDataLength: Self { Self(NFTA_SET_DATA_LEN) }
    static var setID: Self { Self(NFTA_SET_ID) }
    static var setDescription: Self { Self(NFTA_SET_DESC) }
    static var setConcatenation: Self { Self(NFTA_SET_DESC_CONCAT) }
    static var setFieldLength: Self { Self(NFTA_SET_FIELD_LEN) }
    static var elementsTable: Self { Self(NFTA_SET_ELEM_LIST_TABLE) }
    static var elementsSet: Self { Self(NFTA_SET_ELEM_LIST_SET) }
    static var elements: Self { Self(NFTA_SET_ELEM_LIST_ELEMENTS) }
    static var elementKey: Self { Self(NFTA_SET_ELEM_KEY) }
    static var elementKeyEnd: Self { Self(NFTA_SET_ELEM_KEY_END) }
    static var elementData: Self { Self(NFTA_SET_ELEM_DATA) }
    static var elementFlags: Self { Self(NFTA_SET_ELEM_FLAGS) }
}

/// `<linux/netfilter/nfnetlink_conntrack.h>`
extension Attribute {
    static var flowOriginal: Self { Self(CTA_TUPLE_ORIG) }
    static var flowReply: Self { Self(CTA_TUPLE_REPLY) }
    static var flowID: Self { Self(CTA_ID) }
    static var flowZone: Self { Self(CTA_ZONE) }
    static var tupleAddresses: Self { Self(CTA_TUPLE_IP) }
    static var tupleTransport: Self { Self(CTA_TUPLE_PROTO) }
    static var tupleSource4: Self { Self(CTA_IP_V4_SRC) }
    static var tupleDestination4: Self { Self(CTA_IP_V4_DST) }
    static var tupleSource6: Self { Self(CTA_IP_V6_SRC) }
    static var tupleDestination6: Self { Self(CTA_IP_V6_DST) }
    static var tupleProtocol: Self { Self(CTA_PROTO_NUM) }
    static var tupleSourcePort: Self { Self(CTA_PROTO_SRC_PORT) }
    static var tupleDestinationPort: Self { Self(CTA_PROTO_DST_PORT) }
}
