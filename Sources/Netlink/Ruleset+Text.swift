extension Ruleset: CustomStringConvertible {
    /// As `nft list ruleset` prints it.
    public var description: String { tables.map(\.description).joined(separator: "\n") }
}

extension Ruleset.Table: CustomStringConvertible {
    public var description: String {
        let parts = maps.map(\.description) + chains.map(\.description)
        return "table \(id) {\n" + parts.joined(separator: "\n") + "}\n"
    }
}

extension Ruleset.Map: CustomStringConvertible {
    public var description: String {
        var lines = ["\t\(value == .none ? "set" : "map") \(name) {", "\t\ttype \(types)"]
        if hasIntervals { lines.append("\t\tflags interval") }
        if !elements.isEmpty {
            lines.append("\t\telements = { \(elements.map(\.description).joined(separator: ", ")) }")
        }
        return (lines + ["\t}", ""]).joined(separator: "\n")
    }

    private var types: String {
        let names = { (types: [Ruleset.FieldType]) in types.map(\.name).joined(separator: " . ") }
        return switch value {
        case .none: names(key)
        case .fields(let types): "\(names(key)) : \(names(types))"
        case .verdict: "\(names(key)) : verdict"
        }
    }
}

extension Ruleset.Element: CustomStringConvertible {
    public var description: String {
        var text = key.map(\.description).joined(separator: " . ")
        if let last {
            text = zip(key, last).map { $0 == $1 ? "\($0)" : "\($0)-\($1)" }.joined(separator: " . ")
        }
        return switch value {
        case .none: text
        case .fields(let fields): "\(text) : \(fields.map(\.description).joined(separator: " . "))"
        case .verdict(let verdict): "\(text) : \(verdict)"
        }
    }
}

extension Ruleset.Field: CustomStringConvertible {
    public var description: String {
        switch self {
        case .address(let address): "\(address)"
        case .port(let port): "\(port)"
        case .transport(let transport): "\(transport)"
        case .linkName(let name): "\"\(name)\""
        case .mark(let number), .number(let number), .linkGroup(let number): "\(number)"
        }
    }
}

extension Ruleset.Chain: CustomStringConvertible {
    public var description: String {
        var lines = ["\tchain \(name) {"]
        if let base { lines.append("\t\t\(base)") }
        lines += rules.map { "\t\t\($0)" }
        return (lines + ["\t}", ""]).joined(separator: "\n")
    }
}

extension Ruleset.Base: CustomStringConvertible {
    public var description: String {
        let device = device.map { " device \"\($0)\"" } ?? ""
        return "type \(kind) hook \(hook)\(device) priority \(priority); policy \(accepts ? "accept" : "drop");"
    }
}

extension Ruleset.Rule: CustomStringConvertible {
    public var description: String { statements.map(\.description).joined(separator: " ") }
}

extension Ruleset.Verdict: CustomStringConvertible {
    public var description: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        case .return: "return"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }
}

extension Ruleset.Statement: CustomStringConvertible {
    public var description: String {
        switch self {
        case .match(let operand, let constant, let inverted): "\(operand) \(inverted ? "!= " : "")\(constant)"
        case .isIn(let operands, let set, let inverted): "\(operands.text) \(inverted ? "!= " : "")@\(set)"
        case .verdict(let verdict): "\(verdict)"
        case .reject: "reject with icmpx admin-prohibited"
        case .reset: "reject with tcp reset"
        case .verdictMap(let operands, let map): "\(operands.text) vmap @\(map)"
        case .destination(let translation, let flags): "dnat \(translation)\(flags)"
        case .source(let translation, let flags): "snat \(translation)\(flags)"
        case .masquerade(let flags): "masquerade\(flags)"
        case .counter: "counter"
        case .log(let prefix): "log prefix \"\(prefix)\""
        case .setMark(let mark): "meta mark set \(mark)"
        }
    }
}

extension [Ruleset.Operand] {
    fileprivate var text: String { map(\.description).joined(separator: " . ") }
}

extension Ruleset.Translation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .to(let address, nil): "\(address.family.word) to \(address)"
        case .to(.v4(let number), let port?): "ip to \(IPAddress.v4(number)):\(port)"
        case .to(let address, let port?): "ip6 to [\(address)]:\(port)"
        case .map(let family, _, let operands, let name): "\(family.word) to \(operands.text) map @\(name)"
        }
    }
}

extension Ruleset.TranslationFlags: CustomStringConvertible {
    /// With a space before each word.
    public var description: String {
        let names: [(Self, String)] = [
            (.random, " random"), (.fullyRandom, " fully-random"), (.persistent, " persistent"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined()
    }
}

extension Ruleset.Operand: CustomStringConvertible {
    public var description: String {
        switch self {
        case .inputName: "iifname"
        case .outputName: "oifname"
        case .inputGroup: "iifgroup"
        case .outputGroup: "oifgroup"
        case .mark: "meta mark"
        case .networkProtocol: "meta nfproto"
        case .transport: "meta l4proto"
        case .source(let family): "\(family.word) saddr"
        case .destination(let family): "\(family.word) daddr"
        case .sourcePort: "th sport"
        case .destinationPort: "th dport"
        case .destinationType: "fib daddr type"
        case .connectionState: "ct state"
        case .connectionStatus: "ct status"
        case .counting(let modulus): "numgen inc mod \(modulus)"
        case .random(let modulus): "numgen random mod \(modulus)"
        case .hash(let operands, let modulus): "jhash \(operands.text) mod \(modulus)"
        }
    }
}

extension Ruleset.Constant: CustomStringConvertible {
    public var description: String {
        switch self {
        case .field(let field): "\(field)"
        case .prefix(let prefix): "\(prefix)"
        case .networkProtocol(let family): family == .v4 ? "ipv4" : "ipv6"
        case .type(let type): "\(type)"
        case .states(let states): "\(states)"
        case .statuses(let statuses): "\(statuses)"
        }
    }
}

extension Ruleset.ConnectionState: CustomStringConvertible {
    public var description: String {
        let names: [(Self, String)] = [
            (.invalid, "invalid"), (.established, "established"), (.related, "related"), (.new, "new"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
    }
}

extension Ruleset.ConnectionStatus: CustomStringConvertible {
    public var description: String {
        let names: [(Self, String)] = [(.sourceTranslated, "snat"), (.destinationTranslated, "dnat")]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
    }
}

extension IPAddress.Family {
    /// As `nft` calls the header.
    fileprivate var word: String { self == .v4 ? "ip" : "ip6" }
}
