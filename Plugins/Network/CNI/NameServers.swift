import JSON
import Netlink

/// Where a network's names are asked for, as a result says.
struct NameServers: Sendable, Hashable {
    let servers: [IPAddress]
    let search: [String]
    let options: [String]

    /// A resolver reads three servers, six domains; what is longer by far is none of its kind.
    private static let most = 64

    init(_ value: JSONValue) throws(ResultProblem) {
        let object = value.isNull ? JSONObject() : value.object
        guard let object else { throw ResultProblem("\"dns\" is \(value.kind), not an object") }
        var servers: [IPAddress] = []
        for text in try Self.words(object, "nameservers") {
            guard let address = IPAddress(text) else {
                throw ResultProblem("dns.nameservers has \"\(text.prefix(80))\", which is no address")
            }
            servers.append(address)
        }
        self.servers = servers
        let search = try Self.words(object, "search")
        // Resolvers take the last of `domain` and `search`; the domain is searched where nothing else is.
        self.search = try search.isEmpty ? Self.words(object, "domain") : search
        options = try Self.words(object, "options")
    }

    /// The text of a resolv.conf; nil when no server is named.
    var resolvConf: String? {
        guard !servers.isEmpty else { return nil }
        let lines =
            servers.map { "nameserver \($0)" } + (search.isEmpty ? [] : ["search " + search.joined(separator: " ")])
            + (options.isEmpty ? [] : ["options " + options.joined(separator: " ")])
        return lines.map { $0 + "\n" }.joined()
    }

    /// An array of words, or one word; a word has no spaces and no control characters, which would be lines of their own.
    private static func words(_ object: JSONObject, _ key: String) throws(ResultProblem) -> [String] {
        let value = object[key] ?? .null
        let items: [JSONValue]
        switch value {
        case .null, .string(""): items = []
        case .string: items = [value]
        case .array(let array): items = array
        default: throw ResultProblem("dns.\(key) is \(value.kind)")
        }
        guard items.count <= most else { throw ResultProblem("dns.\(key) has \(items.count) members") }
        var words: [String] = []
        for item in items {
            guard let text = item.string, (1...255).contains(text.utf8.count),
                text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw ResultProblem("dns.\(key) has \(item.kind) that is no word of a resolv.conf") }
            words.append(text)
        }
        return words
    }
}
