import JSON
import LaunchPlan
import Linux
import Model

/// The bounds of a program's processes, as setrlimit(2) has them.
struct ResourceLimits {
    private var wanted: [Int: (soft: UInt64, hard: UInt64)] = [:]

    private static let openFiles = 7

    var steps: [LaunchStep] {
        wanted.sorted { $0.key < $1.key }.map {
            .resourceLimit(resource: $0.key, soft: $0.value.soft, hard: $0.value.hard)
        }
    }

    /// Throws `request.invalid`, and `limit.unavailable` for more than this host can give.
    init(_ limits: [ResourceLimit], on host: HostFacts) throws(AgentError) {
        // Programs that use select() need the old soft limit, those that need more raise it themselves.
        wanted[Self.openFiles] = (min(1024, host.openFiles), host.openFiles)
        for limit in limits { try add(limit, host) }
    }

    private mutating func add(_ limit: ResourceLimit, _ host: HostFacts) throws(AgentError) {
        guard let number = limit.number else {
            let known = ResourceLimit.names.joined(separator: ", ")
            throw AgentError(.requestInvalid, "there is no resource limit \"\(limit.name)\": there are \(known)")
        }
        let (soft, hard) = (Self.bound(limit.soft), Self.bound(limit.hard))
        guard limit.soft >= -1, limit.hard >= -1, soft <= hard else {
            throw AgentError(
                .requestInvalid,
                "the limit \(limit.name) is \(limit.soft):\(limit.hard): soft first, and not above hard")
        }
        guard let most = host.mostAllowed[number], hard > most else {
            wanted[number] = (soft, hard)
            return
        }
        throw AgentError(
            .limitUnavailable,
            "\(limit.name) can be \(most) here at most, not \(limit.hard < 0 ? "unlimited" : "\(limit.hard)"): ask for less",
            details: ["limit": .string(limit.name)])
    }

    private static func bound(_ value: Int64) -> UInt64 { value < 0 ? .max : UInt64(value) }
}
