import ArgumentParser
import Model
import Testing

@testable import davit

@Suite struct `Ports in words` {
    @Test(arguments: [
        ("80", [PortMapping(containerPort: 80)]),
        ("8080:80", [PortMapping(hostPort: 8080, containerPort: 80)]),
        ("8080:80/udp", [PortMapping(hostPort: 8080, containerPort: 80, transport: .udp)]),
        ("8080:80/TCP", [PortMapping(hostPort: 8080, containerPort: 80)]),
        ("127.0.0.1:8080:80", [PortMapping(address: "127.0.0.1", hostPort: 8080, containerPort: 80)]),
        ("127.0.0.1::80", [PortMapping(address: "127.0.0.1", containerPort: 80)]),
        ("[::1]:8080:80/sctp", [PortMapping(address: "::1", hostPort: 8080, containerPort: 80, transport: .sctp)]),
        (
            "8000-8001:80-81",
            [PortMapping(hostPort: 8000, containerPort: 80), PortMapping(hostPort: 8001, containerPort: 81)]
        ),
        ("80-81", [PortMapping(containerPort: 80), PortMapping(containerPort: 81)]),
    ])
    func `are read as docker reads them`(text: String, mappings: [PortMapping]) throws {
        #expect(try PortText(text).mappings == mappings)
    }

    @Test(arguments: [
        "", "x", "0", "65536", "80:", "80/xyz", "1-2:3", "3-1", "[::1]80:80", "[::1", "1:2:3:4", "-80", "80-", ":",
    ])
    func `are refused when they are none`(text: String) {
        #expect(throws: ValidationError.self) { try PortText(text) }
    }

    @Test func `leave the network to the agent, unless one is named`() throws {
        func spec(_ words: String...) throws -> ContainerSpec {
            try ContainerOptions.parse(words + ["image"]).spec(caller: [:])
        }
        #expect(try spec().network == "default")
        #expect(try spec("-p", "80").network == "default")
        #expect(try spec("-P").publishAll == true)
        #expect(try spec("-p", "80", "--network", "other").network == "other")
        #expect(try spec("-p", "1:2", "-p", "3:4/udp").ports?.count == 2)
    }

    @Test func `are listed as docker lists them`() throws {
        let ports = [
            PortMapping(address: "0.0.0.0", hostPort: 8080, containerPort: 80),
            PortMapping(address: "::1", hostPort: 53, containerPort: 53, transport: .udp),
        ]
        #expect(try Port.lines(of: ports, for: nil) == ["80/tcp -> 0.0.0.0:8080", "53/udp -> [::1]:53"])
        #expect(try Port.lines(of: ports, for: PortMapping(containerPort: 80)) == ["0.0.0.0:8080"])
        #expect(throws: ValidationError.self) { try Port.lines(of: ports, for: PortMapping(containerPort: 53)) }
        #expect(ports.map(\.description) == ["0.0.0.0:8080->80/tcp", "[::1]:53->53/udp"])
    }
}
