internal import CNetlink

extension Ruleset.Rule {
    var expressions: [Expression] { statements.flatMap(\.expressions) }
}

extension Ruleset.Statement {
    /// The instructions. Each statement begins with free registers: none needs what another left there.
    var expressions: [Expression] {
        switch self {
        case .match(let operand, let constant, let inverted):
            operand.loading(into: 0) + constant.masking(isEqual: !inverted)
        case .isIn(let operands, let set, let inverted):
            operands.loading() + [.lookup(.word(0), set: set, inverted: inverted)]
        case .verdict(let verdict): [.verdict(verdict)]
        case .reset: [.reject(type: NFT_REJECT_TCP_RST.rawValue, code: 0)]
        case .reject:
            [.reject(type: NFT_REJECT_ICMPX_UNREACH.rawValue, code: UInt8(NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue))]
        case .verdictMap(let operands, let map):
            operands.loading() + [.lookupValue(.word(0), map: map, into: .verdict)]
        case .destination(let translation, let flags): translation.expressions(isSource: false, flags)
        case .source(let translation, let flags): translation.expressions(isSource: true, flags)
        case .masquerade(let flags): [.masquerade(flags: flags.rawValue)]
        case .counter: [.counter]
        case .log(let prefix): [.log(prefix: prefix)]
        case .setMark(let mark):
            [.immediate(mark.nativeBytes, into: .word(0)), .setMeta(NFT_META_MARK.rawValue, from: .word(0))]
        }
    }
}

extension Ruleset.Constant {
    /// Compares register 0 with the constant, behind a mask when not all bits count.
    fileprivate func masking(isEqual: Bool) -> [Expression] {
        switch self {
        case .prefix(let prefix) where prefix.length < prefix.family.bits:
            [.mask(.word(0), prefix.maskBytes), .compare(.word(0), isEqual: isEqual, bytes)]
        case .states(let states):
            Self.any(of: states.rawValue, isEqual: isEqual)
        case .statuses(let statuses): Self.any(of: statuses.rawValue, isEqual: isEqual)
        case .field, .prefix, .networkProtocol, .type: [.compare(.word(0), isEqual: isEqual, bytes)]
        }
    }

    /// Any of the bits is that not none is left.
    private static func any(of bits: UInt32, isEqual: Bool) -> [Expression] {
        [.mask(.word(0), bits.nativeBytes), .compare(.word(0), isEqual: !isEqual, [0, 0, 0, 0])]
    }
}

extension Ruleset.Translation {
    fileprivate func expressions(isSource: Bool, _ flags: Ruleset.TranslationFlags) -> [Expression] {
        switch self {
        case .to(let address, let port):
            let words = address.family.bits / 32
            let portLoad = port.map {
                Expression.immediate([UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)], into: .word(words))
            }
            return [.immediate(address.bytes, into: .word(0))] + (portLoad.map { [$0] } ?? [])
                + [translate(isSource, address.family, hasPort: port != nil, flags)]
        case .map(let family, let hasPort, let operands, let name):
            return operands.loading() + [.lookupValue(.word(0), map: name, into: .word(0))]
                + [translate(isSource, family, hasPort: hasPort, flags)]
        }
    }

    /// The port lies behind the address.
    private func translate(
        _ isSource: Bool, _ family: IPAddress.Family, hasPort: Bool, _ flags: Ruleset.TranslationFlags
    ) -> Expression {
        let port = hasPort ? Expression.Register.word(family.bits / 32) : nil
        return .translate(isSource: isSource, family, address: .word(0), port: port, flags: flags.rawValue)
    }
}

extension [Ruleset.Operand] {
    /// Loads them side by side, from register 0 on: a concatenated key.
    fileprivate func loading() -> [Expression] {
        var (word, expressions) = (0, [Expression]())
        for operand in self {
            expressions += operand.loading(into: word)
            word += (operand.size + 3) / 4
        }
        return expressions
    }
}

extension Ruleset.Operand {
    fileprivate func loading(into word: Int) -> [Expression] {
        let register = Expression.Register.word(word)
        return switch self {
        case .inputName: [.meta(NFT_META_IIFNAME.rawValue, into: register)]
        case .outputName: [.meta(NFT_META_OIFNAME.rawValue, into: register)]
        case .inputGroup: [.meta(NFT_META_IIFGROUP.rawValue, into: register)]
        case .outputGroup: [.meta(NFT_META_OIFGROUP.rawValue, into: register)]
        case .mark: [.meta(NFT_META_MARK.rawValue, into: register)]
        case .networkProtocol: [.meta(NFT_META_NFPROTO.rawValue, into: register)]
        case .transport: [.meta(NFT_META_L4PROTO.rawValue, into: register)]
        // struct iphdr: saddr at 12, daddr at 16; struct ipv6hdr: 8 and 24.
        case .source(let family): [network(family == .v4 ? 12 : 8, register)]
        case .destination(let family): [network(family == .v4 ? 16 : 24, register)]
        case .sourcePort: [.payload(NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 0, size: 2, into: register)]
        case .destinationPort: [.payload(NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 2, size: 2, into: register)]
        case .destinationType: [.destinationType(into: register)]
        case .connectionState: [.connection(NFT_CT_STATE.rawValue, into: register)]
        case .connectionStatus: [.connection(NFT_CT_STATUS.rawValue, into: register)]
        case .counting(let modulus): [.number(isRandom: false, below: modulus, into: register)]
        case .random(let modulus): [.number(isRandom: true, below: modulus, into: register)]
        case .hash(let operands, let modulus): hashing(operands, modulus, register)
        }
    }

    private func network(_ offset: Int, _ register: Expression.Register) -> Expression {
        .payload(NFT_PAYLOAD_NETWORK_HEADER.rawValue, offset: offset, size: size, into: register)
    }

    /// The operands are loaded into the registers from 6 on, behind the longest key a hash is part of.
    private func hashing(
        _ operands: [Ruleset.Operand], _ modulus: UInt32, _ register: Expression.Register
    ) -> [Expression] {
        var (word, expressions) = (6, [Expression]())
        for operand in operands {
            expressions += operand.loading(into: word)
            word += (operand.size + 3) / 4
        }
        return expressions + [.hash(from: .word(6), size: (word - 6) * 4, below: modulus, into: register)]
    }
}
