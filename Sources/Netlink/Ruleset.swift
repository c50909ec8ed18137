/// What nftables shall hold of ours: a value that can be compared, printed as `nft list` prints, and written in one
/// transaction with ``NetfilterSocket/write(_:replacing:)``.
public struct Ruleset: Sendable, Hashable {
    public var tables: [Table]

    public init(_ tables: [Table]) { self.tables = tables }

    /// `NFPROTO_*`
    public enum Family: UInt8, Sendable, Hashable {
        case inet = 1
        case ip = 2
        case netdev = 5
        case bridge = 7
        case ip6 = 10
    }

    public struct Table: Sendable, Hashable {
        public var family: Family
        public var name: String
        public var maps: [Map]
        public var chains: [Chain]

        public init(_ family: Family, _ name: String, maps: [Map] = [], chains: [Chain] = []) {
            (self.family, self.name, self.maps, self.chains) = (family, name, maps, chains)
        }

        /// What names it to the kernel.
        public var id: TableID { TableID(family, name) }
    }

    public struct TableID: Sendable, Hashable, CustomStringConvertible {
        public var family: Family
        public var name: String

        public init(_ family: Family, _ name: String) { (self.family, self.name) = (family, name) }

        public var description: String { "\(family) \(name)" }
    }

    /// Rules in order. With a base the kernel sends packets through them; without one only other rules do.
    public struct Chain: Sendable, Hashable {
        public var name: String
        public var base: Base?
        public var rules: [Rule]

        public init(_ name: String, _ base: Base? = nil, _ rules: [Rule] = []) {
            (self.name, self.base, self.rules) = (name, base, rules)
        }
    }

    public struct Base: Sendable, Hashable {
        public enum Kind: String, Sendable { case filter, nat, route }

        public var kind: Kind
        public var hook: Hook
        /// The smaller one comes first: -100 is `dstnat`, 0 `filter`, 100 `srcnat`.
        public var priority: Int32
        /// What becomes of a packet that no rule decided: true lets it through.
        public var accepts: Bool
        /// The link whose packets these are; only with ``Hook/ingress``.
        public var device: String?

        public init(_ kind: Kind, _ hook: Hook, priority: Int32, accepts: Bool = true, device: String? = nil) {
            (self.kind, self.hook, self.priority) = (kind, hook, priority)
            (self.accepts, self.device) = (accepts, device)
        }
    }

    /// `NF_INET_*`, `NF_NETDEV_INGRESS`
    public enum Hook: String, Sendable {
        case prerouting, input, forward, output, postrouting, ingress

        var number: UInt32 {
            switch self {
            case .prerouting, .ingress: 0
            case .input: 1
            case .forward: 2
            case .output: 3
            case .postrouting: 4
            }
        }
    }

    public struct Rule: Sendable, Hashable {
        /// Done from left to right, until one does not match or decides.
        public var statements: [Statement]

        public init(_ statements: [Statement]) { self.statements = statements }
        public init(_ statements: Statement...) { self.statements = statements }
    }

    public enum Verdict: Sendable, Hashable {
        case accept, drop
        /// Goes on in the chain that jumped here.
        case `return`
        case jump(String)
        /// As a jump, but without coming back.
        case goto(String)
    }
}
