import Model
import Netlink

/// What a driver's links are: the two kinds that the kernel has over a parent.
public enum LANKind: String, Sendable {
    case macvlan, ipvlan
}

/// How links over a parent reach each other, and the LAN.
enum LANMode: Sendable, Hashable {
    case macvlan(Link.MACVLANMode)
    case ipvlan(Link.IPVLANMode)

    private static let all: [LANKind: [(name: String, mode: LANMode)]] = [
        .macvlan: [
            ("bridge", .macvlan(.bridge)), ("private", .macvlan(.isolated)), ("vepa", .macvlan(.vepa)),
            ("passthru", .macvlan(.passthru)),
        ],
        .ipvlan: [
            ("l2", .ipvlan(.layer2)), ("l3", .ipvlan(.layer3)), ("l3s", .ipvlan(.layer3Symmetric)),
        ],
    ]

    /// - Parameter text: nil: the first of the kind.
    /// Throws `network.refused`.
    init(_ text: String?, of kind: LANKind) throws(AgentError) {
        let modes = Self.all[kind] ?? []
        guard let mode = modes.first(where: { text == nil || $0.name == text })?.mode else {
            let names = modes.map(\.name).joined(separator: ", ")
            throw AgentError(
                .networkRefused, "the driver \(kind) has no mode \"\(text ?? "")\": it has \(names)")
        }
        self = mode
    }

    /// The kernel routes between the links and the parent: there is no ARP, and no gateway beside the host itself.
    var isRouted: Bool { self == .ipvlan(.layer3) || self == .ipvlan(.layer3Symmetric) }

    /// The links have the parent's link address.
    var hasParentsMAC: Bool {
        if case .ipvlan = self { return true }
        return self == .macvlan(.passthru)
    }

    /// What a new link is.
    func link(over parent: UInt32) -> Link.Kind {
        switch self {
        case .macvlan(let mode): .macvlan(parent: parent, mode)
        case .ipvlan(let mode): .ipvlan(parent: parent, mode)
        }
    }
}
