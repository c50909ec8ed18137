import ArgumentParser
import Model

/// `[[address:]host:]container[/transport]`, docker's words for published ports; a range such as `8000-8003` stands for its
/// ports one by one.
struct PortText: Equatable {
    let mappings: [PortMapping]

    init(_ text: String) throws {
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let transport = PortMapping.Transport(rawValue: halves.count > 1 ? halves[1].lowercased() : "tcp") else {
            throw ValidationError("\"\(halves[1])\" is no transport of a port: there are tcp, udp and sctp")
        }
        let (address, ports) = try PortText.split(halves[0])
        guard let last = ports.last, ports.count <= 2 else {
            throw ValidationError("\"\(text)\" is no port: write [[address:]host:]container[/tcp|udp|sctp]")
        }
        let inside = try PortText.range(last)
        let first = ports.count > 1 && !ports[0].isEmpty ? ports[0] : nil
        let outside = try first.map(PortText.range)
        guard outside.map({ $0.count == inside.count }) ?? true else {
            throw ValidationError("\"\(text)\" has \(outside?.count ?? 0) ports of the host for \(inside.count)")
        }
        mappings = inside.enumerated().map { index, port in
            PortMapping(
                address: address, hostPort: outside.map { $0.lowerBound + index }, containerPort: port,
                transport: transport)
        }
    }

    /// The address, which has brackets where it is one of IPv6, and the numbers behind it.
    private static func split(_ text: String) throws -> (address: String?, ports: [String]) {
        if text.hasPrefix("[") {
            let parts = text.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1].hasPrefix(":") else {
                throw ValidationError("\"\(text)\" has no port behind its address: write [ADDRESS]:HOST:CONTAINER")
            }
            return (String(parts[0]), numbers(parts[1].dropFirst()))
        }
        let parts = numbers(text[...])
        guard parts.count > 2 else { return (nil, parts) }
        return (parts[0].isEmpty ? nil : parts[0], Array(parts.dropFirst()))
    }

    private static func numbers(_ text: Substring) -> [String] {
        text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }

    private static func range(_ text: String) throws -> ClosedRange<Int> {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
            first >= 1, last <= 65535
        else { throw ValidationError("\"\(text)\" is no port: write 1 to 65535, or a range such as 8000-8003") }
        return first...last
    }
}
