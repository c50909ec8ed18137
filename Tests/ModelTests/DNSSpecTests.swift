import JSON
import Netlink
import TestSupport
import Testing

@testable import Model

@Suite struct `How a container looks up names` {
    private func spec(_ dns: DNSSpec, on network: String = "none") -> ContainerSpec {
        var spec = ContainerSpec(image: "b")
        (spec.dns, spec.network) = (dns, network)
        return spec
    }

    @Test func `is told as it reads`() throws {
        let text = #"{"servers":["192.0.2.1","2001:db8::1"],"search":[],"options":["ndots:2"]}"#
        let dns = try JSONValue(parsing: #"{"image":"b","dns":\#(text)}"#).decode(ContainerSpec.self).dns
        #expect(dns == DNSSpec(servers: ["192.0.2.1", "2001:db8::1"], search: [], options: ["ndots:2"]))
        #expect(try "\(JSONValue(encoding: dns))" == text)
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: #"{"image":"b","dns":{"server":[]}}"#).decode(ContainerSpec.self)
        }
    }

    static let right = [
        DNSSpec(), DNSSpec(servers: [], search: [], options: []),
        DNSSpec(servers: (1...8).map { "192.0.2.\($0)" }),
        DNSSpec(search: ["example.org", "corp.", "_a.b-c", "d", "e"]),
        DNSSpec(search: [String(repeating: "a.", count: 116)]),
        DNSSpec(options: ["ndots:15", "rotate", "single-request-reopen", "no_tld_query"]),
        DNSSpec(options: [String(repeating: "a", count: 246)]),
    ]

    @Test(arguments: right)
    func `is taken inside the bounds`(dns: DNSSpec) throws { try spec(dns).validate() }

    static let wrong: [(DNSSpec, String)] = [
        (DNSSpec(servers: [""]), "is no address"), (DNSSpec(servers: ["dns.example.org"]), "is no address"),
        (DNSSpec(servers: ["fe80::1%eth0"]), "is no address"),
        (DNSSpec(servers: ["192.0.2.1\nsearch x"]), "is no address"),
        (DNSSpec(servers: (1...9).map { "192.0.2.\($0)" }), "8 at most"),
        (DNSSpec(search: ["."]), "is no domain"), (DNSSpec(search: [""]), "is no domain"),
        (DNSSpec(search: ["a b"]), "is no domain"), (DNSSpec(search: ["a\nnameserver 1.2.3.4"]), "is no domain"),
        (DNSSpec(search: ["a", "b", "c", "d", "e", "f"]), "5 domains"),
        (DNSSpec(search: [String(repeating: "a.", count: 117)]), "232 characters"),
        (DNSSpec(options: [""]), "is no option"), (DNSSpec(options: ["ndots:2 rotate"]), "is no option"),
        (DNSSpec(options: ["#"]), "is no option"), (DNSSpec(options: ["a\n"]), "is no option"),
        (DNSSpec(options: Array(repeating: "a", count: 17)), "16 options"),
        (DNSSpec(options: [String(repeating: "a", count: 247)]), "246 characters"),
    ]

    @Test(arguments: wrong.indices)
    func `is refused outside`(index: Int) {
        let (dns, word) = Self.wrong[index]
        let error = #expect(throws: AgentError.self) { try spec(dns).validate() }
        #expect(error?.code == .requestInvalid && error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test func `is the other's where a network is shared`() {
        let error = #expect(throws: AgentError.self) { try spec(DNSSpec(), on: "container:a").validate() }
        #expect(error?.code == .requestInvalid)
    }

    @Test func `has the addresses that the network's code reads`() {
        var random = SeededGenerator(13)
        let letters = Array("0123456789abcfF.::%g ")
        let begun = ["10.0.0.1", "fd00::1", "::ffff:10.0.0.1", "::", "1:2:3:4:5:6:7:8", "255.255.255.255", "1::"]
        var (known, wrong) = (0, Set<String>())
        for round in 0..<20_000 {
            var text = Array(begun[round % begun.count])
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0...text.count, using: &random)
                let letter = letters[Int.random(in: 0..<letters.count, using: &random)]
                if Bool.random(using: &random) || place == text.count {
                    text.insert(letter, at: place)
                } else {
                    text.remove(at: place)
                }
            }
            let isKnown = IPAddress(String(text)) != nil
            if String(text).isIPAddress != isKnown { wrong.insert(String(text)) }
            known += isKnown ? 1 : 0
        }
        #expect(wrong == [] && known > 4_000 && known < 18_000)
    }
}
