import ArgumentParser
import Model
import Testing

@testable import davit

@Suite struct PolicyParsingTests {
    @Test(arguments: [
        "world", "network=web", "label=app=db", "network=web,label=app=db,label=tier=1", "10.0.0.0/8,fd00::1",
    ])
    func `one side of a policy is read and written alike`(_ text: String) throws {
        #expect(try PeerText(text).description == text)
    }

    @Test(arguments: ["", "anybody", "network=", "label=", "world,network=web", "net=web", "=a", "10.0.0.0/8,"])
    func `what is no side of a policy is refused`(_ text: String) {
        #expect(throws: (any Error).self) { try PeerText(text) }
    }

    @Test func `ports are one or a range`() throws {
        #expect(try PolicyPortText("80").port == PolicyPort(80))
        #expect(try PolicyPortText("80-90/udp").port == PolicyPort(80, through: 90, transport: .udp))
        for text in ["", "x", "80-", "80/icmp", "1-2-3", "-1"] {
            #expect(throws: ValidationError.self) { try PolicyPortText(text) }
        }
    }
}
