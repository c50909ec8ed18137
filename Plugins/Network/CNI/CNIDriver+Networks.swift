public import Drivers
import JSON
import Linux
public import Model
import Netlink

extension CNIDriver {
    private static let option = "conflist"

    /// Takes the list that has the network's name, or that the option `conflist` names; for the network `cni` the first
    /// that there is, unless one has that name.
    ///
    /// Its plugins must be there and speak its version. None of them is asked to make anything.
    public func create(_ request: NetworkRequest) async throws -> MadeNetwork {
        let spec = request.spec
        try Self.check(spec)
        let found = try directories.list(named: try wanted(request))
        let list = try runner.settled(found.list)
        for type in list.plugins.compactMap(\.addressType) { _ = try runner.program(type) }
        networks.withLock { $0[spec.name] = list.name }
        return MadeNetwork(Self.state(of: list), handle: try JSONValue(encoding: CNINetworkHandle(list: list.name)))
    }

    /// Nil: the first of all.
    private func wanted(_ request: NetworkRequest) throws(AgentError) -> String? {
        if let handle = CNINetworkHandle(request.handle) { return handle.list }
        let spec = request.spec
        if let named = spec.options[Self.option] { return named }
        let name = spec.name.description
        guard name == "cni" else { return name }
        do { return try directories.list(named: name).list.name } catch { return nil }
    }

    /// The list says all else.
    private static func check(_ spec: NetworkSpec) throws(AgentError) {
        let given = [
            ("subnet", spec.subnets != nil), ("range", spec.range != nil), ("ipv6", spec.ipv6 != nil),
            ("internal", spec.isInternal == true), ("mtu", spec.mtu != nil),
        ].filter(\.1)
        if let first = given.first?.0 {
            throw AgentError(
                .networkRefused, "a network of the driver cni is what its CNI list says: write \(first) there")
        }
        if let other = spec.options.keys.sorted().first(where: { $0 != option }) {
            throw AgentError(.networkRefused, "the driver cni has no option \"\(other)\": it has \(option)")
        }
    }

    /// As far as the list says it in the words of the usual plugins. Gateways are left out: they need not be the host's own,
    /// and names are the plugins' matter.
    private static func state(of list: NetworkList) -> NetworkState {
        let first = list.plugins[0].object
        let ipam = first["ipam"]
        let ranges = [ipam].compactMap(\.self) + (ipam?["ranges"]?.array ?? []).flatMap { $0.array ?? [] }
        let subnets = ranges.compactMap { $0["subnet"]?.string.flatMap { IPPrefix($0) }?.network }
        let mtu = first["mtu"]?.int.flatMap { Int(exactly: $0) }
        return NetworkState(
            subnets: subnets.map(\.description), mtu: mtu.flatMap { (1...65535).contains($0) ? $0 : nil },
            link: (first["bridge"] ?? first["master"])?.string)
    }

    /// What plugins made for the network itself, such as a bridge, stays: CNI has no word for its end.
    public func remove(_ name: NetworkName) async throws { networks.withLock { $0[name] = nil } }

    public func restore(_ requests: [NetworkRequest]) async throws {
        networks.withLock { networks in
            for request in requests {
                let list = CNINetworkHandle(request.handle)?.list
                networks[request.spec.name] =
                    list ?? request.spec.options[Self.option] ?? request.spec.name.description
            }
        }
    }
}

/// What the agent keeps for us of a network.
struct CNINetworkHandle: Sendable, Hashable, Codable {
    var version = 1
    var list: String

    init(list: String) { self.list = list }

    /// Nil: none was kept, or none of ours.
    init?(_ value: JSONValue) {
        guard let handle = try? value.decode(CNINetworkHandle.self, unknownKeys: .ignore) else { return nil }
        self = handle
    }
}
