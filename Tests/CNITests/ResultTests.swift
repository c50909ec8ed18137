import JSON
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkCNI

/// Results of all versions, and what they mean for a container.
@Suite struct ResultTests {
    private let newest = CNIVersion.known[4]

    private func result(_ text: String) throws -> PluginResult {
        try PluginResult(JSONValue(parsing: text), version: newest)
    }

    /// The specification's example, shortened.
    static let whole = """
        {"cniVersion":"1.0.0",
         "interfaces":[{"name":"cni0","mac":"00:11:22:33:44:55"},{"name":"veth1","mac":"55:44:33:22:11:10"},
                       {"name":"eth0","mac":"9A:88:77:66:55:44","sandbox":"/run/netns/blue"}],
         "ips":[{"address":"10.1.0.5/16","gateway":"10.1.0.1","interface":2},{"address":"fd00::5/64","interface":2},
                {"address":"10.1.0.1/16","interface":0}],
         "routes":[{"dst":"10.0.0.0/8","gw":"10.1.0.9"},{"dst":"0.0.0.0/0"}],
         "dns":{"nameservers":["10.1.0.1","fd00::1"],"domain":"example.org","search":["a.example","b.example"],
                "options":["ndots:2"]}}
        """

    @Test func `a result has the container's addresses, its way out and its link's address`() throws {
        let result = try result(Self.whole)
        #expect(result.inside.map(\.prefix.description) == ["10.1.0.5/16", "fd00::5/64"])
        #expect(result.gateways.map(\.description) == ["10.1.0.1"])
        #expect(result.mac(of: "eth0") == "9a:88:77:66:55:44" && result.mac(of: "cni0") == nil)
        #expect(
            result.names.resolvConf
                == "nameserver 10.1.0.1\nnameserver fd00::1\nsearch a.example b.example\noptions ndots:2\n")
    }

    @Test func `results of versions before 1.0.0 have the same meaning`() throws {
        let result = try result(
            """
            {"cniVersion":"0.3.1","interfaces":[{"name":"eth0","mac":"","sandbox":"/x"}],
             "ips":[{"version":"4","address":"192.0.2.7/24","gateway":"192.0.2.1","interface":0}],
             "routes":[{"dst":"0.0.0.0/0","gw":"192.0.2.254"}],"dns":{}}
            """)
        #expect(result.inside.map(\.prefix.description) == ["192.0.2.7/24"])
        #expect(result.gateways.map(\.description) == ["192.0.2.254"])
        #expect(result.mac(of: "eth0") == nil && result.names.resolvConf == nil)
        #expect(result.json["cniVersion"] == "1.1.0" && result.json["ips"]?[0]?["version"] == "4")
    }

    @Test func `without default route there is no way out, and loopback addresses are nobody's`() throws {
        let result = try result(
            #"{"ips":[{"address":"127.0.0.1/8"},{"address":"::1/128"},{"address":"192.0.2.7/24","gateway":"192.0.2.1"}]}"#
        )
        #expect(result.inside.map(\.prefix.description) == ["192.0.2.7/24"] && result.gateways.isEmpty)
    }

    @Test func `a domain is searched where nothing else is`() throws {
        let result = try result(#"{"dns":{"nameservers":["192.0.2.1"],"domain":"example.org"}}"#)
        #expect(result.names.resolvConf == "nameserver 192.0.2.1\nsearch example.org\n")
    }

    @Test func `a namespace that has another path is that of the container's links only`() throws {
        let result = try result(
            #"{"interfaces":[{"name":"a","sandbox":"/old"},{"name":"b"},{"name":"c","sandbox":"/other"}]}"#)
        let moved = result.json(movedTo: "/new", from: "/old")
        #expect(moved["interfaces"]?.array?.map { $0["sandbox"] } == ["/new", nil, "/other"])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let text: String
        let problem: String
        var testDescription: String { problem }
    }

    static let bad = [
        Bad(text: "7", problem: "it is a whole number, not an object"),
        Bad(text: #"{"cniVersion":"0.2.0","ip4":{}}"#, problem: #""cniVersion" "0.2.0" is not one of 0.3.0 to 1.1.0"#),
        Bad(text: #"{"cniVersion":[]}"#, problem: #""cniVersion" is an array, not a string"#),
        Bad(text: #"{"ips":{}}"#, problem: #""ips" is an object, not an array"#),
        Bad(text: #"{"ips":["x"]}"#, problem: "ips[0] is a string, not an object"),
        Bad(text: #"{"ips":[{}]}"#, problem: #"ips[0] has no "address""#),
        Bad(
            text: #"{"ips":[{"address":"192.0.2.7"}]}"#,
            problem: #"ips[0].address "192.0.2.7" is no address with a length"#),
        Bad(
            text: #"{"ips":[{"address":"192.0.2.7/33"}]}"#,
            problem: #"ips[0].address "192.0.2.7/33" is no address with a length"#),
        Bad(
            text: #"{"ips":[{"address":"192.0.2.7/24","gateway":"a\nb"}]}"#,
            problem: "ips[0].gateway \"a\nb\" is no address"),
        Bad(
            text: #"{"ips":[{"address":"192.0.2.7/24","interface":1}],"interfaces":[{"name":"x"}]}"#,
            problem: "ips[0].interface is 1, and it has 1 interfaces"),
        Bad(text: #"{"ips":[{"address":"192.0.2.7/24","interface":-1}]}"#, problem: "ips[0].interface is no index"),
        Bad(text: #"{"interfaces":[{"mac":""}]}"#, problem: #"interfaces[0] has no "name""#),
        Bad(
            text: #"{"interfaces":[{"name":"a","sandbox":7}]}"#,
            problem: "interfaces[0].sandbox is a whole number, not a string"),
        Bad(text: #"{"routes":[{"gw":"192.0.2.1"}]}"#, problem: #"routes[0] has no "dst""#),
        Bad(text: #"{"routes":[{"dst":"default"}]}"#, problem: #"routes[0].dst "default" is no network with a length"#),
        Bad(text: #"{"dns":[]}"#, problem: #""dns" is an array, not an object"#),
        Bad(
            text: #"{"dns":{"nameservers":["dns.example"]}}"#,
            problem: #"dns.nameservers has "dns.example", which is no address"#),
        Bad(
            text: #"{"dns":{"search":["a\nnameserver 192.0.2.66"]}}"#,
            problem: "dns.search has a string that is no word of a resolv.conf"),
        Bad(
            text: #"{"dns":{"options":[1]}}"#,
            problem: "dns.options has a whole number that is no word of a resolv.conf"),
    ]

    @Test(arguments: bad) func `what is wrong in a result is told in these words`(_ bad: Bad) throws {
        let error = #expect(throws: ResultProblem.self) { try result(bad.text) }
        #expect(error?.description == bad.problem)
    }

    @Test func `damaged results are refused or read, and never end the program`() throws {
        var random = SeededGenerator(5)
        var read = 0
        for _ in 0..<20000 {
            guard let value = try? JSONValue(parsing: mutated(Self.whole, &random)),
                let result = try? PluginResult(value, version: newest)
            else { continue }
            read += 1
            _ = (
                result.gateways, result.inside, result.mac(of: "eth0"),
                result.json(movedTo: "/a", from: "/run/netns/blue")
            )
            if let text = result.names.resolvConf {
                #expect(
                    text.split(separator: "\n").allSatisfy { line in
                        ["nameserver ", "search ", "options "].contains { line.hasPrefix($0) }
                    })
            }
        }
        #expect(read > 100)
    }

    @Test func `an error of a plugin is told with who, what and what to do`() throws {
        let failure = try #require(PluginFailure(["code": 11, "msg": "busy\u{1B}[2J", "details": "x\ny"]))
        let call = PluginCall(
            command: .add, type: "bridge", network: "web",
            connection: PluginConnection(container: "c1", interface: "eth0", namespace: "/x", arguments: ""),
            input: JSONObject())
        let error = failure.error(call, cause: ["last words"])
        #expect(
            error.message
                == "the CNI plugin bridge failed in ADD eth0 of container c1 on web: busy [2J (code 11); try again later"
        )
        #expect(error.code == .driverFailed && error.retryable && error.cause == ["x y", "last words"])
        #expect(
            error.details
                == ["plugin": "bridge", "command": "ADD", "code": 11, "msg": "busy [2J", "details": "x y"])
    }

    @Test(arguments: [
        (1, ErrorCode.networkRefused, false), (2, .networkRefused, false), (7, .networkRefused, false),
        (4, .driverFailed, false), (11, .driverFailed, true), (50, .driverUnhealthy, true),
        (51, .driverUnhealthy, true), (100, .driverFailed, false), (-1, .driverFailed, false),
    ]) func `each code of a plugin has a code of ours`(_ code: Int64, _ ours: ErrorCode, _ isRetryable: Bool) throws {
        let failure = try #require(PluginFailure(["code": .int(code)]))
        let call = PluginCall(command: .status, type: "x", network: "n", connection: nil, input: JSONObject())
        let error = failure.error(call, cause: [])
        #expect(error.code == ours && error.retryable == isRetryable)
        #expect(
            error.message.hasPrefix(
                "the CNI plugin x failed in STATUS of the network n: it gave no reason (code \(code)); "))
    }

    @Test func `what is no error's object is none`() {
        for value in [nil, .null, [], [:], ["code": "7"], ["msg": "x"]] as [JSONValue?] {
            #expect(PluginFailure(value) == nil)
        }
    }
}
