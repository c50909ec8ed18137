import Netlink
import Testing

@Suite struct `Addresses` {
    @Test(arguments: [
        ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("10.0.0.1", "10.0.0.1"), ("::", "::"),
        ("::1", "::1"), ("1::", "1::"), ("fd00::1", "fd00::1"), ("FD00::ABCD", "fd00::abcd"),
        ("0:0:0:0:0:0:0:0", "::"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"), ("::ffff:a00:1", "::ffff:10.0.0.1"), ("::10.0.0.1", "::a00:1"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("0001:0002::", "1:2::"),
    ])
    func `an address is read and printed in one way`(text: String, printed: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == printed)
        #expect(IPAddress(printed) == address)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(arguments: [
        "", " ", ".", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.+4", "1.2.3.4 ", "1.2.3.", ".1.2.3",
        "1..2.3", "0x1.2.3.4", "1.2.3.4/8", ":", ":::", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "::1%eth0", "[::1]", "1.2.3.4::", "::1.2.3",
        "::1.2.3.4:1", "1:2:3:4:5:6:7:1.2.3.4", "١.2.3.4", "1.2.3.4\u{1}", "fe80::1 ", "-1::", "99999999999999999999",
        "1.2.3.99999999999999999999",
    ])
    func `what is no address is refused`(text: String) { #expect(IPAddress(text) == nil) }

    @Test func `an address of version 6 is searched for in a group of its last bits`() {
        #expect(IPAddress("fd00::12:3456:789a")?.searchGroup == IPAddress("ff02::1:ff56:789a"))
        #expect(IPAddress("10.0.0.1")?.searchGroup == nil)
    }

    @Test func `every address of a byte comes back`() {
        for byte in UInt32(0)...255 {
            for shift in [0, 8, 16, 24] as [UInt32] {
                let address = IPAddress.v4(byte << shift)
                #expect(IPAddress("\(address)") == address)
            }
            for shift in stride(from: 0, to: 128, by: 8) {
                let address = IPAddress.v6(UInt128(byte) << UInt128(shift))
                #expect(IPAddress("\(address)") == address)
            }
        }
    }

    @Test func `random texts never trap`() {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("0123456789abcdef:./ g%".utf8)
        for _ in 0..<20000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).compactMap { _ in
                letters.randomElement(using: &generator)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            if let address = IPAddress(text) { #expect(IPAddress("\(address)") == address) }
            if let prefix = IPPrefix(text) { #expect(IPPrefix("\(prefix)") == prefix) }
            if let mac = MACAddress(text) { #expect(MACAddress("\(mac)") == mac) }
        }
    }

    @Test func `addresses know what they are`() throws {
        #expect(try #require(IPAddress("127.1.2.3")).isLoopback)
        #expect(try #require(IPAddress("::1")).isLoopback)
        #expect(try #require(IPAddress("224.0.0.1")).isMulticast)
        #expect(try #require(IPAddress("ff02::1")).isMulticast)
        #expect(try #require(IPAddress("169.254.1.1")).isLinkLocal)
        #expect(try #require(IPAddress("fe80::1")).isLinkLocal)
        #expect(try !#require(IPAddress("fec0::1")).isLinkLocal)
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }

    @Test func `a prefix knows what is in it`() throws {
        let prefix = try #require(IPPrefix("10.88.3.1/16"))
        #expect(prefix.network.description == "10.88.0.0/16")
        #expect(prefix.last.description == "10.88.255.255")
        #expect(try prefix.contains(#require(IPAddress("10.88.255.1"))))
        #expect(try !prefix.contains(#require(IPAddress("10.89.0.0"))))
        #expect(try !prefix.contains(#require(IPAddress("::1"))))
        #expect(prefix.address(at: 5)?.description == "10.88.0.5")
        #expect(prefix.address(at: 65535)?.description == "10.88.255.255")
        #expect(prefix.address(at: 65536) == nil)
        #expect(IPPrefix.everything(.v6).address(at: .max)?.description == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
        #expect(try IPPrefix.everything(.v4).contains(#require(IPAddress("1.2.3.4"))))
        #expect(try IPPrefix.single(#require(IPAddress("1.2.3.4"))).address(at: 1) == nil)
        #expect(try #require(IPPrefix("fd00::/64")).address(at: 1 << 63)?.description == "fd00::8000:0:0:0")
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.1.0.0/16", true), ("10.1.0.0/16", "10.0.0.0/8", true), ("10.0.0.0/9", "10.128.0.0/9", false),
        ("0.0.0.0/0", "1.2.3.4/32", true), ("::/0", "0.0.0.0/0", false), ("fd00::/64", "fd00:0:0:1::/64", false),
    ])
    func `two prefixes overlap or not`(one: String, other: String, overlap: Bool) throws {
        #expect(try #require(IPPrefix(one)).overlaps(#require(IPPrefix(other))) == overlap)
    }

    @Test(arguments: [
        "", "/", "1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/08", "1.2.3.4/8/8", "::/129", "/8",
        "1.2.3.4/8 ", "1.2.3/8", "::/+1", "1.2.3.4/255.0.0.0",
    ])
    func `what is no prefix is refused`(text: String) { #expect(IPPrefix(text) == nil) }

    @Test func `a link address is six pairs of digits`() throws {
        let mac = try #require(MACAddress("02:42:AC:11:00:0f"))
        #expect(mac.bytes == [0x02, 0x42, 0xAC, 0x11, 0x00, 0x0F])
        #expect(mac.description == "02:42:ac:11:00:0f")
        #expect(mac.isLocal && !mac.isMulticast)
        for text in [
            "", "2:42:ac:11:0:2", "02:42:ac:11:00", "02:42:ac:11:00:02:03", "02-42-ac-11-00-02", "0g:42:ac:11:00:02",
        ] {
            #expect(MACAddress(text) == nil)
        }
        #expect(MACAddress(bytes: [1, 2]) == nil)
    }
}
