internal import Model

/// The text of a container's resolv.conf, made from the host's.
struct ResolvConf {
    /// The host's text.
    var host: String
    /// What the container wants otherwise.
    var wishes: DNSSpec?
    /// Where a name server of ours answers. There is never one of the host beside it, for musl takes whichever answers
    /// first: what the container wants of other servers this one does.
    var servers: [String]

    var text: String {
        // What nobody touches stays as the host has it, comments and all.
        if servers.isEmpty, wishes == nil || wishes == DNSSpec() { return host }
        let lines = host.split(separator: "\n").map { $0.split { $0 == " " || $0 == "\t" }.map(String.init) }
        let all = nameservers(lines) + search(lines) + options(lines) + others(lines)
        return all.map { $0.joined(separator: " ") + "\n" }.joined()
    }

    private func nameservers(_ lines: [[String]]) -> [[String]] {
        let own = servers.isEmpty ? Array((wishes?.servers ?? []).prefix(DNSSpec.mostListed)) : servers
        return own.isEmpty ? lines.filter { $0.first == "nameserver" } : own.map { ["nameserver", $0] }
    }

    private func search(_ lines: [[String]]) -> [[String]] {
        let hosts = lines.last { ["search", "domain"].contains($0.first) }.map { Array($0.dropFirst()) }
        let domains = (servers.isEmpty ? [] : [DNSSpec.domain]) + (wishes?.search ?? hosts ?? [])
        return domains.isEmpty ? [] : [["search"] + domains]
    }

    private func options(_ lines: [[String]]) -> [[String]] {
        guard let options = wishes?.options else { return lines.filter { $0.first == "options" } }
        return options.isEmpty ? [] : [["options"] + options]
    }

    private func others(_ lines: [[String]]) -> [[String]] {
        lines.filter { line in
            let first = line.first ?? "#"
            let isKnown = ["search", "domain", "nameserver", "options"].contains(first)
            return !isKnown && !first.hasPrefix("#") && !first.hasPrefix(";")
        }
    }
}
