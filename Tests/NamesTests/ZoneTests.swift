import Netlink
import Testing

@testable import Names

@Suite struct ZoneTests {
    @Test func `servers are read from the lines that name them`() {
        let text = "search x\nnameserver 127.0.0.53\n#nameserver 1.1.1.1\nnameserver fe80::1%eth0\nnameserver\t::1\n"
        #expect(HostServers.servers(in: text).map(\.description) == ["127.0.0.53", "::1"])
    }

    @Test(arguments: ["", "1.2.3.in-addr.arpa", "1.2.3.256.in-addr.arpa", "+1.2.3.4.in-addr.arpa", "a.b"])
    func `what is no reverse name has no address`(name: String) { #expect(ReverseName.address(name) == nil) }

    @Test func `messages over TCP come in pieces`() {
        var input = Frame.frame([1, 2, 3]) + [0]
        #expect(Frame.take(from: &input) == [1, 2, 3])
        #expect(Frame.take(from: &input) == nil)
        input += [1, 9]
        #expect(Frame.take(from: &input) == [9])
        #expect(input.isEmpty)
    }
}
