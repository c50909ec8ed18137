/// How a container looks up names that are not those of other containers. What is `nil` is as on the host.
public struct DNSSpec: Sendable, Hashable, Codable {
    /// Addresses of servers, asked in this order at port 53. On a network with a name server it is that which asks them,
    /// from the host; elsewhere the container does.
    public var servers: [String]?
    /// Domains in which a name without dots is looked for; none of them when it is empty.
    public var search: [String]?
    /// Words of resolv.conf(5) such as `ndots:2`.
    public var options: [String]?

    public init(servers: [String]? = nil, search: [String]? = nil, options: [String]? = nil) {
        (self.servers, self.search, self.options) = (servers, search, options)
    }
}

extension DNSSpec {
    /// The C library reads no more servers out of a resolv.conf: MAXNS of `<resolv.h>`.
    public static let mostListed = 3
    /// The domain of all names of containers, in which a container looks first.
    public static let domain = "davit.internal"
    /// Each is waited for two seconds at a time, and nobody waits much longer for an answer.
    private static let mostServers = 8
    /// MAXDNSRCH of older C libraries is 6, and the domain of containers is one.
    private static let mostDomains = 5
    private static let mostOptions = 16
    /// In bytes without its end: musl skips a line that is longer.
    private static let longestLine = 254

    /// What can't be in it; `nil` when all is well.
    var problem: String? {
        if let servers, servers.count > Self.mostServers { return "dns.servers: \(Self.mostServers) at most" }
        if let text = servers?.first(where: { !$0.isIPAddress }) {
            return "dns.servers: \"\(text)\" is no address: write one such as 192.0.2.1 or 2001:db8::1"
        }
        return searchProblem ?? optionsProblem
    }

    private var searchProblem: String? {
        guard let search else { return nil }
        if let text = search.first(where: {
            !NetworkConnection.isHostName($0.hasSuffix(".") ? String($0.dropLast()) : $0)
        }) {
            return "dns.search: \"\(text)\" is no domain: write one such as example.org"
        }
        let line = (["search", Self.domain] + search).joined(separator: " ")
        guard search.count <= Self.mostDomains, line.utf8.count <= Self.longestLine else {
            return "dns.search: \(Self.mostDomains) domains with 232 characters at most, for programs see no more"
        }
        return nil
    }

    private var optionsProblem: String? {
        guard let options else { return nil }
        if let text = options.first(where: { !Self.isOption($0) }) {
            return "dns.options: \"\(text)\" is no option: write one such as ndots:2, see resolv.conf(5)"
        }
        guard options.count <= Self.mostOptions,
            (["options"] + options).joined(separator: " ").utf8.count <= Self.longestLine
        else {
            return "dns.options: \(Self.mostOptions) options with 246 characters at most"
        }
        return nil
    }

    /// Letters, digits, `-`, `_`, `.` and `:`, of which nothing makes a comment or a line.
    private static func isOption(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                    || "-_.:".unicodeScalars.contains($0)
            }
    }
}
