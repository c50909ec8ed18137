import Drivers
import JSON
import Model
import Testing

@testable import NetworkCNI

/// What plugins are asked, without running any.
@Suite struct CallTests {
    private let list = try? NetworkList([
        "cniVersion": "1.1.0", "name": "web",
        "plugins": [
            [
                "type": "bridge", "bridge": "cni0", "keyA": ["more", 1.5], "capabilities": ["ips": true, "mac": true],
                "ipam": ["type": "host-local"], "prevResult": ["stale": true], "runtimeConfig": ["stale": true],
                "cni.dev/valid-attachments": [],
            ],
            ["type": "portmap", "capabilities": ["portMappings": true, "bandwidth": true, "aliases": true]],
        ],
    ])

    private let connection = PluginConnection(
        container: "c1", interface: "eth0", namespace: "/proc/1/fd/7", arguments: "IgnoreUnknown=1")

    private func request(_ change: @escaping (inout AttachRequest) -> Void) throws -> AttachRequest {
        var request = try AttachRequest(container: .random(), network: NetworkName("web"), hostname: "c")
        change(&request)
        return request
    }

    @Test func `a plugin gets its own keys, the list's name and version, and nothing that is the runtime's`() throws {
        let list = try #require(list)
        let call = list.call(.add, list.plugins[0], for: connection)
        #expect(
            JSONValue.object(call.input) == [
                "type": "bridge", "bridge": "cni0", "keyA": ["more", 1.5], "ipam": ["type": "host-local"],
                "cniVersion": "1.1.0", "name": "web",
            ])
        #expect(
            call.environment == [
                "CNI_COMMAND=ADD", "CNI_CONTAINERID=c1", "CNI_NETNS=/proc/1/fd/7", "CNI_IFNAME=eth0",
                "CNI_ARGS=IgnoreUnknown=1",
            ])
    }

    @Test func `each plugin gets what it takes of what is asked for, and the result before it`() throws {
        let list = try #require(list)
        let arguments = try CapabilityArguments(
            request { request in
                request.ports = [
                    PortMapping(hostPort: 8080, containerPort: 80),
                    PortMapping(address: "192.0.2.1", hostPort: 53, containerPort: 53, transport: .udp),
                ]
                request.connection.addresses = ["10.1.0.9"]
                request.connection.mac = "02:42:AC:11:00:02"
                request.connection.aliases = ["db"]
                request.connection.bandwidth = Bandwidth(ingress: 1_000_000)
            }, for: list)
        let first = list.call(.add, list.plugins[0], for: connection, arguments: arguments)
        #expect(first.input["runtimeConfig"] == ["ips": ["10.1.0.9"], "mac": "02:42:ac:11:00:02"])
        #expect(first.input["prevResult"] == nil)
        let second = list.call(.add, list.plugins[1], for: connection, arguments: arguments, previous: ["ips": []])
        #expect(
            second.input["runtimeConfig"] == [
                "portMappings": [
                    ["hostPort": 8080, "containerPort": 80, "protocol": "tcp"],
                    ["hostPort": 53, "containerPort": 53, "protocol": "udp", "hostIP": "192.0.2.1"],
                ],
                "bandwidth": ["ingressRate": 8_000_000, "ingressBurst": 800_000], "aliases": ["db"],
            ])
        #expect(second.input["prevResult"] == ["ips": []])
    }

    @Test func `GC tells what is valid and asks for no container`() throws {
        let list = try #require(list)
        let call = list.collection(list.plugins[1], valid: [(container: "c1", interface: "eth0")])
        #expect(
            JSONValue.object(call.input) == [
                "type": "portmap", "cniVersion": "1.1.0", "name": "web",
                "cni.dev/valid-attachments": [["containerID": "c1", "ifname": "eth0"]],
            ])
        #expect(call.environment == ["CNI_COMMAND=GC"] && call.title == "GC of the network web")
    }

    struct Wish: Sendable, CustomTestStringConvertible {
        let code: ErrorCode
        let message: String
        let change: @Sendable (inout AttachRequest) -> Void
        var testDescription: String { message }
    }

    static let wishes = [
        Wish(
            code: .portRefused,
            message:
                #"no plugin of the CNI list bare can publish 8080->80/tcp: add one that has "capabilities": {"portMappings": true}"#
        ) { $0.ports = [PortMapping(hostPort: 8080, containerPort: 80)] },
        Wish(
            code: .networkRefused,
            message:
                #"no plugin of the CNI list bare can give it the address 10.1.0.9: add one that has "capabilities": {"ips": true}"#
        ) { $0.connection.addresses = ["10.1.0.9"] },
        Wish(
            code: .networkRefused,
            message:
                #"no plugin of the CNI list bare can give it the link address 02:00:00:00:00:01: add one that has "capabilities": {"mac": true}"#
        ) { $0.connection.mac = "02:00:00:00:00:01" },
        Wish(
            code: .limitUnavailable,
            message:
                #"no plugin of the CNI list bare can limit its bandwidth: add one that has "capabilities": {"bandwidth": true}"#
        ) { $0.connection.bandwidth = Bandwidth(egress: 5000) },
        Wish(
            code: .networkRefused,
            message:
                #"no plugin of the CNI list bare can have it found as db: add one that has "capabilities": {"aliases": true}"#
        ) { $0.connection.aliases = ["db"] },
    ]

    @Test(arguments: wishes) func `what no plugin takes is refused with what to add`(_ wish: Wish) throws {
        let bare = try NetworkList(["cniVersion": "1.0.0", "name": "bare", "type": "x"])
        let error = #expect(throws: AgentError.self) { try CapabilityArguments(request(wish.change), for: bare) }
        #expect(error?.code == wish.code && error?.message == wish.message)
    }

    @Test func `wishes that can't be are refused before any plugin runs`() throws {
        let list = try #require(list)
        for (code, change) in [
            (.portRefused, { $0.ports = [PortMapping(containerPort: 80)] }),
            (.portRefused, { $0.ports = [PortMapping(address: "host", hostPort: 1, containerPort: 80)] }),
            (.networkRefused, { $0.connection.addresses = ["10.1.0.9/24; rm"] }),
            (.networkRefused, { $0.connection.mac = "01:00:00:00:00:01" }),
        ] as [(ErrorCode, (inout AttachRequest) -> Void)] {
            let request = try request(change)
            let error = #expect(throws: AgentError.self) { try CapabilityArguments(request, for: list) }
            #expect(error?.code == code)
        }
    }
}
