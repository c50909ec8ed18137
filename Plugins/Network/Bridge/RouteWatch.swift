import ContainerNetwork
import Drivers
import JSON
import Linux
import Model
import Netlink

/// The thread that hears when the host's routes change, and tells which of our networks the host now knows elsewhere, such
/// as behind a VPN that came up. Nothing is changed for it: what runs goes on.
final class RouteWatch: Sendable {
    private struct State {
        var bridges: [Bridge] = []
        var conflicts: [NetworkName: Conflict] = [:]
    }

    fileprivate struct Conflict: Sendable, Hashable {
        var subnet: IPPrefix
        var route: TakenRoute
    }

    private let state: Guarded<State>
    /// A byte is a look at all; the end is the end.
    private let bell: Descriptor
    /// Held, so that nobody writes to a bell without a reader.
    private let ear: Descriptor

    /// Who changes routes changes several, and nobody waits to be told.
    private static let quiet: Int32 = 500
    /// How often is looked whether a conflict is over.
    private static let pause = Duration.milliseconds(500)

    init(_ host: HostNetwork, _ tell: @escaping @Sendable (NetworkNotice) -> Void) throws {
        let monitor = try NetlinkMonitor([.routes4, .routes6], in: host.namespace)
        // A socket of its own: with many links a list takes long, for which no start shall wait.
        let route = try RouteSocket(in: host.namespace)
        let (reader, writer) = try Pipe(nonblocking: true).ends()
        let state = Guarded(State())
        try Thread.start("network-routes") {
            while Self.waits(monitor, reader, state) { Self.look(route, state, tell) }
        }
        (bell, ear, self.state) = (writer, reader, state)
    }

    /// From now on these networks are watched; looks at once.
    func watch(_ bridges: some Collection<Bridge>) {
        state.withLock { $0.bridges = Array(bridges) }
        // One byte that nobody has read yet is as good as two.
        _ = try? bell.write(some: [0])
    }

    /// What is known elsewhere now, in words.
    var conflicts: [String] {
        state.withLock { $0.conflicts }.sorted { $0.key.description < $1.key.description }.map {
            "\($0.key) overlaps the host's route to \($0.value.route.destination) by \($0.value.route.link)"
        }
    }

    /// Blocks until there is something to look at; false is the end.
    private static func waits(_ monitor: NetlinkMonitor, _ bell: Descriptor, _ state: Guarded<State>) -> Bool {
        while true {
            let isQuiet = state.withLock { $0.conflicts.isEmpty }
            // Of version 4 the kernel does not tell that routes went with their link.
            let deadline = isQuiet ? nil : MonotonicTime.now.advanced(by: pause)
            let numbers = [monitor.descriptor.rawValue, bell.rawValue]
            guard let ready = try? Poll.readable(numbers, until: deadline) else { return false }
            if ready[1] {
                // Nothing to read at the end.
                return (try? bell.read(upTo: 64))?.isEmpty == false
            }
            if !ready[0] { return true }
            _ = try? bell.waitReadable(milliseconds: quiet)
            let subnets = state.withLock { $0.bridges }.flatMap(\.subnets)
            let events = (try? monitor.events()) ?? [.lost]
            if !isQuiet || events.contains(where: { $0.mayConcern(subnets) }) { return true }
        }
    }

    /// Tells what is new. What could not be read is looked at with the next change.
    private static func look(
        _ route: RouteSocket, _ state: Guarded<State>, _ tell: @Sendable (NetworkNotice) -> Void
    ) {
        let bridges = state.withLock { $0.bridges }
        guard let routes = try? route.routes(.v4) + route.routes(.v6), let links = try? route.links() else { return }
        let taken = TakenRoute.all(routes, links, besides: bridges.map(\.group))
        let now = Dictionary(
            bridges.compactMap { bridge -> (NetworkName, Conflict)? in
                bridge.subnets.lazy.compactMap { subnet in
                    taken.first { $0.takes(subnet) }.map { (bridge.network, Conflict(subnet: subnet, route: $0)) }
                }.first
            }
        ) { first, _ in first }
        let before = state.withLock { state in
            defer { state.conflicts = now }
            return state.conflicts
        }
        for (network, conflict) in now where before[network] != conflict {
            tell(NetworkNotice(.conflict, of: network, conflict.error(of: network)))
        }
        // A network that is gone has nothing to be clear of.
        let there = Set(bridges.map(\.network))
        for network in before.keys where now[network] == nil && there.contains(network) {
            tell(NetworkNotice(.clear, of: network))
        }
    }
}

extension RouteWatch.Conflict {
    fileprivate func error(of network: NetworkName) -> AgentError {
        AgentError(
            .networkConflict,
            "\(subnet) of the network \(network) overlaps the host's route to \(route.destination) by \(route.link): what is there can't be reached; make the network anew with another subnet",
            details: [
                "subnet": .string("\(subnet)"), "route": .string("\(route.destination)"), "link": .string(route.link),
            ])
    }
}

extension NetlinkMonitor.Event {
    /// Whether it may be a route to one of these. Most are ours: each start of a container in a routed network is one.
    fileprivate func mayConcern(_ subnets: [IPPrefix]) -> Bool {
        switch self {
        case .route(let route), .routeDeleted(let route): subnets.contains { route.destination.overlaps($0) }
        case .lost: true
        default: false
        }
    }
}
