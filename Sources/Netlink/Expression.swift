internal import CNetlink

/// One instruction of the kernel's machine for rules. Values lie in registers of four bytes, side by side.
enum Expression: Sendable, Hashable {
    case meta(UInt32, into: Register)
    case setMeta(UInt32, from: Register)
    case payload(UInt32, offset: Int, size: Int, into: Register)
    case connection(UInt32, into: Register)
    case destinationType(into: Register)
    case number(isRandom: Bool, below: UInt32, into: Register)
    case hash(from: Register, size: Int, below: UInt32, into: Register)
    case compare(Register, isEqual: Bool, [UInt8])
    case mask(Register, [UInt8])
    case lookup(Register, set: String, inverted: Bool)
    case lookupValue(Register, map: String, into: Register)
    case immediate([UInt8], into: Register)
    case verdict(Ruleset.Verdict)
    case reject(type: UInt32, code: UInt8)
    case translate(isSource: Bool, IPAddress.Family, address: Register, port: Register?, flags: UInt32)
    case masquerade(flags: UInt32)
    case counter
    case log(prefix: String)

    struct Register: Sendable, Hashable {
        let number: UInt32

        /// NFT_REG_VERDICT
        static let verdict = Register(number: 0)
        /// NFT_REG32_00 and those behind it.
        static func word(_ index: Int) -> Register { Register(number: 8 + UInt32(index)) }
    }
}

extension Expression {
    var name: String {
        switch self {
        case .meta, .setMeta: "meta"
        case .payload: "payload"
        case .connection: "ct"
        case .destinationType: "fib"
        case .number: "numgen"
        case .hash: "hash"
        case .compare: "cmp"
        case .mask: "bitwise"
        case .lookup, .lookupValue: "lookup"
        case .immediate, .verdict: "immediate"
        case .reject: "reject"
        case .translate: "nat"
        case .masquerade: "masq"
        case .counter: "counter"
        case .log: "log"
        }
    }

    /// The attributes. All numbers are in the network's order.
    func put(in data: inout NetlinkMessage) {
        switch self {
        case .meta(let key, let register):
            data.put(numbers: [(Attribute(NFTA_META_KEY), key), (Attribute(NFTA_META_DREG), register.number)])
        case .setMeta(let key, let register):
            data.put(numbers: [(Attribute(NFTA_META_KEY), key), (Attribute(NFTA_META_SREG), register.number)])
        case .connection(let key, let register):
            data.put(numbers: [(Attribute(NFTA_CT_KEY), key), (Attribute(NFTA_CT_DREG), register.number)])
        case .payload(let base, let offset, let size, let register):
            data.put(numbers: [
                (Attribute(NFTA_PAYLOAD_DREG), register.number), (Attribute(NFTA_PAYLOAD_BASE), base),
                (Attribute(NFTA_PAYLOAD_OFFSET), UInt32(offset)), (Attribute(NFTA_PAYLOAD_LEN), UInt32(size)),
            ])
        case .destinationType(let register):
            data.put(numbers: [
                (Attribute(NFTA_FIB_DREG), register.number),
                (Attribute(NFTA_FIB_RESULT), NFT_FIB_RESULT_ADDRTYPE.rawValue),
                (Attribute(NFTA_FIB_FLAGS), NFTA_FIB_F_DADDR.rawValue),
            ])
        case .number(let isRandom, let modulus, let register):
            data.put(numbers: [
                (Attribute(NFTA_NG_DREG), register.number), (Attribute(NFTA_NG_MODULUS), modulus),
                (Attribute(NFTA_NG_TYPE), (isRandom ? NFT_NG_RANDOM : NFT_NG_INCREMENTAL).rawValue),
            ])
        case .hash(let source, let size, let modulus, let register):
            data.put(numbers: [
                (Attribute(NFTA_HASH_SREG), source.number), (Attribute(NFTA_HASH_DREG), register.number),
                (Attribute(NFTA_HASH_LEN), UInt32(size)), (Attribute(NFTA_HASH_MODULUS), modulus),
                (Attribute(NFTA_HASH_TYPE), NFT_HASH_JENKINS.rawValue),
            ])
        default: putDecision(in: &data)
        }
    }

    /// The same for what compares, looks up or decides.
    private func putDecision(in data: inout NetlinkMessage) {
        switch self {
        case .compare(let register, let isEqual, let value):
            let operation = (isEqual ? NFT_CMP_EQ : NFT_CMP_NEQ).rawValue
            data.put(numbers: [(Attribute(NFTA_CMP_SREG), register.number), (Attribute(NFTA_CMP_OP), operation)])
            data.nest(Attribute(NFTA_CMP_DATA)) { $0.put(.dataValue, value) }
        case .mask(let register, let mask):
            data.put(numbers: [
                (Attribute(NFTA_BITWISE_SREG), register.number), (Attribute(NFTA_BITWISE_DREG), register.number),
                (Attribute(NFTA_BITWISE_LEN), UInt32(mask.count)),
            ])
            data.nest(Attribute(NFTA_BITWISE_MASK)) { $0.put(.dataValue, mask) }
            data.nest(Attribute(NFTA_BITWISE_XOR)) { $0.put(.dataValue, mask.map { _ in 0 }) }
        case .lookup(let register, let set, let inverted):
            data.put(Attribute(NFTA_LOOKUP_SET), set)
            data.put(numbers: [(Attribute(NFTA_LOOKUP_SREG), register.number)])
            if inverted { data.put(Attribute(NFTA_LOOKUP_FLAGS), network: UInt32(1)) }
        case .lookupValue(let register, let map, let target):
            data.put(Attribute(NFTA_LOOKUP_SET), map)
            data.put(numbers: [
                (Attribute(NFTA_LOOKUP_SREG), register.number), (Attribute(NFTA_LOOKUP_DREG), target.number),
            ])
        case .immediate(let value, let register):
            data.put(Attribute(NFTA_IMMEDIATE_DREG), network: register.number)
            data.nest(Attribute(NFTA_IMMEDIATE_DATA)) { $0.put(.dataValue, value) }
        case .verdict(let verdict):
            data.put(Attribute(NFTA_IMMEDIATE_DREG), network: Register.verdict.number)
            data.nest(Attribute(NFTA_IMMEDIATE_DATA)) { $0.put(verdict) }
        default: putEffect(in: &data)
        }
    }

    /// The same for what changes the packet or tells of it.
    private func putEffect(in data: inout NetlinkMessage) {
        switch self {
        case .translate(let isSource, let family, let address, let port, let flags):
            data.put(numbers: [
                (Attribute(NFTA_NAT_TYPE), (isSource ? NFT_NAT_SNAT : NFT_NAT_DNAT).rawValue),
                (Attribute(NFTA_NAT_FAMILY), UInt32(family.number)), (Attribute(NFTA_NAT_REG_ADDR_MIN), address.number),
            ])
            if let port { data.put(Attribute(NFTA_NAT_REG_PROTO_MIN), network: port.number) }
            if flags != 0 { data.put(Attribute(NFTA_NAT_FLAGS), network: flags) }
        case .masquerade(let flags):
            if flags != 0 { data.put(Attribute(NFTA_MASQ_FLAGS), network: flags) }
        case .log(let prefix): data.put(Attribute(NFTA_LOG_PREFIX), prefix)
        case .reject(let type, let code):
            data.put(Attribute(NFTA_REJECT_TYPE), network: type)
            data.put(Attribute(NFTA_REJECT_ICMP_CODE), value: code)
        default: break
        }
    }
}

extension NetlinkMessage {
    fileprivate mutating func put(numbers: [(Attribute, UInt32)]) {
        for (attribute, number) in numbers { put(attribute, network: number) }
    }

    mutating func put(_ verdict: Ruleset.Verdict) {
        nest(.dataVerdict) { data in
            data.put(.verdictCode, network: verdict.code)
            if let chain = verdict.chain { data.put(.verdictChain, chain) }
        }
    }
}

extension Ruleset.Verdict {
    /// `enum nft_verdicts`, NF_DROP, NF_ACCEPT
    var code: Int32 {
        switch self {
        case .drop: 0
        case .accept: 1
        case .return: NFT_RETURN.rawValue
        case .jump: NFT_JUMP.rawValue
        case .goto: NFT_GOTO.rawValue
        }
    }

    var chain: String? {
        switch self {
        case .jump(let chain), .goto(let chain): chain
        case .accept, .drop, .return: nil
        }
    }

    init?(code: Int32, chain: String?) {
        switch (code, chain) {
        case (0, _): self = .drop
        case (1, _): self = .accept
        case (NFT_RETURN.rawValue, _): self = .return
        case (NFT_JUMP.rawValue, let chain?): self = .jump(chain)
        case (NFT_GOTO.rawValue, let chain?): self = .goto(chain)
        default: return nil
        }
    }
}
