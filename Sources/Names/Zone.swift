import DNSMessage
import Netlink

/// All that is known of names, and what of it a container may see.
struct Zone: Sendable {
    /// What is to be done with a question.
    enum Verdict: Sendable, Hashable {
        case reply(Reply)
        /// To the host's servers, or to these where there are any.
        case forward([IPAddress])
    }

    static let name = "davit.internal"
    /// How long an answer may be kept, in seconds.
    private static let life = 5
    private static let authority = "\(name). \(life) IN SOA ns.\(name). root.\(name). 1 3600 600 86400 \(life)"

    private var networks: [String: Network] = [:]
    private var entries: [String: [Entry]] = [:]
    private var byName: [String: [String: [IPAddress]]] = [:]
    private var ownersAt: [String: [IPAddress: [String]]] = [:]
    private var serversFor: [String: [IPAddress: [IPAddress]]] = [:]
    private var networksOfOwner: [String: Set<String>] = [:]
    /// Which address of a name is the first in the next answer, by name and type: who asks for both types at once, as
    /// everybody does, must not get the same ones again and again.
    private var turns: [String: Int] = [:]

    init(networks: [Network] = [], entries: [Entry] = []) {
        for network in networks { self.networks[network.name] = network }
        for entry in entries {
            self.entries[entry.network, default: []].append(entry)
            networksOfOwner[entry.owner, default: []].insert(entry.network)
            for address in entry.addresses {
                ownersAt[entry.network, default: [:]][address, default: []].append(entry.owner)
                if !entry.servers.isEmpty { serversFor[entry.network, default: [:]][address] = entry.servers }
            }
            for name in Set(entry.names) { byName[entry.network, default: [:]][name, default: []] += entry.addresses }
        }
    }

    /// What is said to a source, which asked at an address of a network.
    mutating func verdict(_ question: Question, from source: IPAddress, at network: Network) -> Verdict {
        guard question.isOrdinary else { return .reply(Reply(code: .notImplemented)) }
        let visible = visibleNetworks(for: source, at: network)
        let name = String(question.name.lowercased().dropLast())
        if let known = knownReply(question, name, visible) { return .reply(known) }
        if name == Self.name { return .reply(Reply(code: .fine, authority: Self.authority)) }
        if name.hasSuffix("." + Self.name) { return .reply(Reply(code: .noSuchName, authority: Self.authority)) }
        // Not REFUSED: musl takes that for no answer and waits until its time is over, and glibc asks again.
        guard network.forward else { return .reply(Reply(code: .noSuchName)) }
        return .forward(serversFor[network.name]?[source] ?? [])
    }

    /// All networks of whoever has this address, or the one asked.
    private func visibleNetworks(for source: IPAddress, at network: Network) -> [String] {
        let owners = ownersAt[network.name]?[source] ?? []
        let all = owners.reduce(into: Set<String>()) { $0.formUnion(networksOfOwner[$1] ?? []) }
        return all.isEmpty ? [network.name] : all.sorted()
    }

    private mutating func knownReply(_ question: Question, _ name: String, _ visible: [String]) -> Reply? {
        if let address = ReverseName.address(name) { return reverseReply(question, address, visible) }
        let inside = name.hasSuffix("." + Self.name)
        let label = inside ? String(name.dropLast(Self.name.utf8.count + 1)) : name
        let found = visible.compactMap { byName[$0]?[label] }
        guard !found.isEmpty else { return nil }
        let wanted = unique(found.flatMap { $0 }).filter { question.wants($0.family) }
        let addresses = rotated(wanted, "\(label) \(question.kind)")
        let records = addresses.map { "\(question.name) \(Self.life) IN \($0.family == .v4 ? "A" : "AAAA") \($0)" }
        return Reply(code: .fine, answers: records, authority: records.isEmpty && inside ? Self.authority : "")
    }

    private func reverseReply(_ question: Question, _ address: IPAddress, _ visible: [String]) -> Reply? {
        guard visible.contains(where: { networks[$0]?.subnets.contains { $0.contains(address) } == true }) else {
            return nil
        }
        let owners = visible.flatMap { entries[$0] ?? [] }.filter { $0.addresses.contains(address) }
        let names = owners.compactMap(\.names.first)
        guard !names.isEmpty else { return Reply(code: .noSuchName) }
        guard question.kind == .ptr || question.kind == .any else { return Reply(code: .fine) }
        return Reply(
            code: .fine, answers: names.map { "\(question.name) \(Self.life) IN PTR \($0).\(Self.name)." })
    }

    private func unique(_ addresses: [IPAddress]) -> [IPAddress] {
        var seen: Set<IPAddress> = []
        return addresses.filter { seen.insert($0).inserted }
    }

    /// Each answer begins with the next address.
    private mutating func rotated(_ addresses: [IPAddress], _ key: String) -> [IPAddress] {
        guard addresses.count > 1 else { return addresses }
        let start = turns[key, default: 0] % addresses.count
        turns[key] = start + 1
        return Array(addresses[start...] + addresses[..<start])
    }
}

extension Question {
    fileprivate func wants(_ family: IPAddress.Family) -> Bool {
        kind == .any || kind == (family == .v4 ? .a : .aaaa)
    }
}

/// Names of the trees in which addresses are looked up.
enum ReverseName {
    /// The address of `4.3.2.1.in-addr.arpa`, or of 32 digits before `ip6.arpa`; nil for any other name.
    static func address(_ name: String) -> IPAddress? {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        switch (labels.count, labels.suffix(2).joined(separator: ".")) {
        case (6, "in-addr.arpa"): return IPAddress(labels.prefix(4).reversed().joined(separator: "."))
        case (34, "ip6.arpa"):
            let digits = labels.prefix(32).reversed().compactMap { $0.utf8.count == 1 ? UInt8($0, radix: 16) : nil }
            guard digits.count == 32 else { return nil }
            return IPAddress(bytes: stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
        default: return nil
        }
    }
}
