import Linux
import Netlink

/// Forgets the connections that came by ports that are no more, many ports at once.
///
/// The kernel walks the whole table of connections for that, of all networks of the machine: 13 ms with the 262144
/// buckets it has by default, however few there are in it, in which that CPU does nothing else. Nobody waits for it but
/// where it matters, see ``Firewall``; and it has a tenth of one CPU at most.
final class EndedPorts: Sendable {
    private let gathering: Gathering<PublishedPort>

    init(_ socket: NetfilterSocket) throws {
        gathering = try Gathering("network-flows", .init(patience: .milliseconds(10), rest: 9)) { ports in
            // What the kernel keeps ends by itself, only later; it leads to a container that is no more.
            _ = try? socket.forget { flow in ports.contains { $0.led(flow) } }
        }
    }

    func take(_ ports: [PublishedPort]) { gathering.take(ports) }
}
