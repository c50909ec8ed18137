import ContainerNetwork
import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkBridge

/// The parent of all tests that touch the kernel: one after another, as root.
@Suite(.serialized, .enabled(if: isRoot, "needs root"))
enum KernelTests {}

/// A host with a driver, and a machine outside that knows nothing of the containers' networks.
///
/// The host is 192.0.2.1 and 2001:db8::1, the machine outside 192.0.2.2 and 2001:db8::2.
final class World: Sendable {
    let host: Corner
    let outside: Corner
    let route: RouteSocket
    let rules: NetfilterSocket
    let network: BridgeDriver
    let configuration: BridgeConfiguration

    init(_ configure: (inout BridgeConfiguration) -> Void = { _ in }) throws {
        var configuration = BridgeConfiguration()
        configuration.resolvConf = "/nowhere"
        configure(&configuration)
        self.configuration = configuration
        host = Corner(namespace: try NetworkNamespace.make())
        outside = Corner(namespace: try NetworkNamespace.make())
        route = try RouteSocket(in: host.namespace)
        rules = try NetfilterSocket(in: host.namespace)
        network = try BridgeDriver(configuration, host: host.namespace)
        try join()
    }

    private func join() throws {
        let there = try RouteSocket(in: outside.namespace)
        for namespace in [host.namespace, outside.namespace] {
            try NetworkNamespace.run(in: namespace) { () throws(Errno) in
                _ = try KernelSetting("ipv6/conf/default/accept_dad").set("0")
            }
        }
        try route.change(1, LinkSettings(isUp: true))
        try there.change(1, LinkSettings(isUp: true))
        try route.add(
            .veth(peer: LinkSettings(name: "eth0", namespace: outside.namespace)),
            LinkSettings(name: "out0", isUp: true))
        let (here, other) = (
            try #require(try route.link(named: "out0")).index, try #require(try there.link(named: "eth0")).index
        )
        for (socket, link, addresses) in [
            (route, here, ["192.0.2.1/24", "2001:db8::1/64"]), (there, other, ["192.0.2.2/24", "2001:db8::2/64"]),
        ] {
            try socket.change(link, LinkSettings(isUp: true))
            for address in addresses {
                try socket.add(InterfaceAddress(try #require(IPPrefix(address)), link: link))
            }
        }
        try route.add(Route(to: .everything(.v4), via: IPAddress("192.0.2.2"), link: here))
        try route.add(Route(to: .everything(.v6), via: IPAddress("2001:db8::2"), link: here))
        try #require(try eventually { try route.link(here)?.isReady == true })
        try #require(try eventually { try there.link(other)?.isReady == true })
    }

    /// The default network.
    static var bridge: NetworkName { get throws { try NetworkName("bridge") } }

    /// A container, attached.
    func attach(
        _ ports: PortMapping..., to name: String = "bridge", network: BridgeDriver? = nil,
        _ change: (inout AttachRequest) -> Void = { _ in }
    ) async throws -> Container {
        var request = try AttachRequest(
            container: .random(), network: NetworkName(name), hostname: "c", ports: ports)
        change(&request)
        return try Container(request, await (network ?? self.network).attach(request))
    }

    func detach(_ container: ContainerID, network: BridgeDriver? = nil) async throws {
        try await (network ?? self.network).detach(DetachRequest(container: container, network: Self.bridge))
    }

    /// The host's ends of wires.
    func ends() throws -> [String] { try route.links().filter { $0.kind == "veth" && $0.name != "out0" }.map(\.name) }

    /// Everything that is published, from the kernel.
    func elements() throws -> [Ruleset.Element] {
        try PublishedPort.maps.flatMap { try rules.elements(of: $0, in: Ruleset.TableID(.inet, "davit")) }
    }
}

/// A container without processes.
struct Container: Sendable {
    let id: ContainerID
    let attachment: Drivers.Attachment
    let corner: Corner

    let network: NetworkName

    init(_ request: AttachRequest, _ attachment: Drivers.Attachment) throws {
        (id, network, self.attachment) = (request.container, request.network, attachment)
        guard case .made(let namespace) = attachment.namespace else {
            throw AgentError(.driverBadReply, "the namespace is \(attachment.namespace)")
        }
        corner = Corner(namespace: namespace)
    }

    func address(_ family: IPAddress.Family) throws -> String {
        let prefixes = attachment.addresses.compactMap { IPPrefix($0) }
        return try #require(prefixes.first { $0.family == family }).address.description
    }

    var handle: ContainerHandle { ContainerHandle(container: id, network: network, handle: attachment.handle) }
}

/// Whether something becomes true within two seconds.
func eventually(_ condition: () throws -> Bool) throws -> Bool {
    let pause = Guarded(())
    for _ in 0..<400 {
        if try condition() { return true }
        let time = MonotonicTime.now.advanced(by: .milliseconds(5))
        pause.sleep { time }
    }
    return false
}
