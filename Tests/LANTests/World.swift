import ContainerNetwork
import Drivers
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkLAN

/// The parent of all tests that touch the kernel: one after another, as root.
@Suite(.serialized, .enabled(if: isRoot, "needs root"))
enum KernelTests {}

extension Corner {
    var route: RouteSocket { get throws { try RouteSocket(in: namespace) } }
}

/// A host whose link `lan0` is plugged into a LAN with one other machine, the router.
///
/// The router is 192.0.2.1 and 2001:db8::1, the host 192.0.2.3 and 2001:db8::3.
final class World: Sendable {
    let kind: LANKind
    let host: Corner
    let router: Corner
    let route: RouteSocket
    let network: LANDriver

    init(_ kind: LANKind = .macvlan) throws {
        self.kind = kind
        host = Corner(namespace: try NetworkNamespace.make())
        router = Corner(namespace: try NetworkNamespace.make())
        route = try host.route
        network = Self.driver(kind, host)
        try join()
    }

    /// Another start of the driver.
    static func driver(_ kind: LANKind, _ host: Corner) -> LANDriver {
        var configuration = LANConfiguration()
        configuration.resolvConf = "/nowhere"
        return LANDriver(kind, configuration, host: host.namespace)
    }

    private func join() throws {
        let there = try router.route
        for namespace in [host.namespace, router.namespace] {
            try NetworkNamespace.run(in: namespace) { () throws(Errno) in
                try KernelSetting.write([("ipv6/conf/default/accept_dad", "0")])
            }
        }
        try route.change(1, LinkSettings(isUp: true))
        try there.change(1, LinkSettings(isUp: true))
        try route.add(
            .veth(peer: LinkSettings(name: "eth0", namespace: router.namespace)),
            LinkSettings(name: "lan0", isUp: true))
        let (here, other) = (
            try #require(try route.link(named: "lan0")).index, try #require(try there.link(named: "eth0")).index
        )
        for (socket, link, addresses) in [
            (route, here, ["192.0.2.3/24", "2001:db8::3/64"]), (there, other, ["192.0.2.1/24", "2001:db8::1/64"]),
        ] {
            try socket.change(link, LinkSettings(isUp: true))
            for address in addresses {
                try socket.add(InterfaceAddress(try #require(IPPrefix(address)), link: link))
            }
        }
        try #require(try eventually { try route.isFound(here) })
        try #require(try eventually { try there.isFound(other) })
    }

    /// Makes a network of the LAN.
    @discardableResult
    func make(_ name: String = "lan", _ change: (inout NetworkSpec) -> Void = { _ in }) async throws -> NetworkRequest {
        var spec = NetworkSpec(name: try NetworkName(name), driver: kind.rawValue)
        spec.options = ["parent": "lan0"]
        spec.subnets = ["192.0.2.0/24", "2001:db8::/64"]
        change(&spec)
        let made = try await network.create(NetworkRequest(spec))
        return NetworkRequest(spec, handle: made.handle)
    }

    /// A container, attached.
    func attach(
        _ name: String = "lan", by other: LANDriver? = nil, _ change: (inout AttachRequest) throws -> Void = { _ in }
    ) async throws -> Container {
        var request = AttachRequest(container: .random(), network: try NetworkName(name), hostname: "c")
        try change(&request)
        return try Container(request, await (other ?? network).attach(request))
    }

    func refusal(_ body: () async throws -> Void) async -> AgentError? {
        await #expect(throws: AgentError.self) { try await body() }
    }

    /// How many addresses of all networks are taken, as the driver tells.
    func status() async throws -> String { try await network.status().message }

    /// Whether the kernel can make such links, as a test finds out by itself.
    static func has(_ kind: LANKind) throws -> Bool {
        let corner = Corner(namespace: try NetworkNamespace.make())
        try corner.route.add(.veth(peer: LinkSettings(name: "b")), LinkSettings(name: "a"))
        let parent = try #require(try corner.route.link(named: "a")).index
        let link = kind == .macvlan ? Link.Kind.macvlan(parent: parent) : .ipvlan(parent: parent)
        do throws(NetlinkError) { try RouteSocket(in: corner.namespace).add(link, LinkSettings(name: "c")) } catch {
            guard error.code == .notSupported else { throw error }
            return false
        }
        return true
    }
}

/// A container without processes.
struct Container: Sendable {
    let id: ContainerID
    let network: NetworkName
    let attachment: Drivers.Attachment
    let corner: Corner

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

    /// Its end, or what is taken of it while it lives on.
    func farewell(living: Bool = false) -> DetachRequest {
        DetachRequest(
            container: id, network: network, handle: attachment.handle, namespace: living ? corner.namespace : nil)
    }
}

/// Whether something becomes true within five seconds.
func eventually(_ condition: () throws -> Bool) throws -> Bool {
    let pause = Guarded(())
    for _ in 0..<1000 {
        if try condition() { return true }
        let time = MonotonicTime.now.advanced(by: .milliseconds(5))
        pause.sleep { time }
    }
    return false
}
