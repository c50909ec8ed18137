import Linux
import TestSupport
import Testing

@testable import Netlink

@Suite(.serialized, .enabled(if: isRoot, "needs root")) struct KernelTests {}

extension KernelTests {
    @Suite struct `Links and routes` {
        @Test func `a veth pair across namespaces carries a byte`() throws {
            let networks = try JoinedNetworks()
            let listener = try networks.guest.listen(.stream, "10.99.0.2", 80)
            let client = try networks.host.connect("10.99.0.2", 80)
            let server = try accept(listener)
            try client.send([42])
            #expect(try server.wait(until: .now.advanced(by: .seconds(1))))
            #expect(try server.read(upTo: 10) == [42])
        }

        @Test func `the same over version 6 at once, without waiting for a second owner`() throws {
            let networks = try JoinedNetworks("fd00::1/64", "fd00::2/64")
            let listener = try networks.guest.listen(.stream, "fd00::2", 80)
            let client = try networks.host.connect("fd00::2", 80)
            withExtendedLifetime((client, try accept(listener))) {}
        }

        @Test func `a veth is born with all its settings as a port of a bridge`() throws {
            let (host, guest) = (try FreshNetwork(), try FreshNetwork())
            try host.route.add(.bridge, LinkSettings(name: "davit0", isUp: true))
            let bridge = try host.index("davit0")
            let mac = try #require(MACAddress("02:00:00:00:00:05"))
            try host.route.add(
                .veth(peer: LinkSettings(name: "eth0", mac: mac, mtu: 1400, namespace: guest.namespace)),
                LinkSettings(
                    name: "v0", mtu: 1400, isUp: true, master: bridge, port: BridgePort(hairpin: true, isolated: true)))
            let end = try #require(try host.route.link(named: "v0"))
            #expect(end.kind == "veth" && end.isUp && end.mtu == 1400 && end.master == bridge)
            #expect(end.port?.hairpin == true && end.port?.isolated == true && end.port?.proxyARP == false)
            #expect(end.namespaceID != nil)
            let peer = try #require(try guest.route.link(named: "eth0"))
            #expect(peer.mac == mac && peer.mtu == 1400 && !peer.isUp)
        }

        @Test func `a link is changed, renamed and deleted`() throws {
            let host = try FreshNetwork()
            try host.route.add(.bridge, LinkSettings(name: "a"))
            let index = try host.index("a")
            try host.route.change(index, LinkSettings(name: "b", mtu: 1300, isUp: true))
            let link = try #require(try host.route.link(index))
            #expect(link.name == "b" && link.mtu == 1300 && link.isUp && link.kind == "bridge")
            try host.route.add(.veth(peer: LinkSettings(name: "p1")), LinkSettings(name: "p0", master: index))
            let port = try host.index("p0")
            try host.route.change(port, LinkSettings(port: BridgePort(hairpin: true, neighbourSuppression: true)))
            #expect(try host.route.link(port)?.port?.neighbourSuppression == true)
            try host.route.change(port, LinkSettings(master: 0))
            #expect(try host.route.link(port)?.master == nil)
            #expect(try Set(host.route.links().map(\.name)) == ["lo", "b", "p0", "p1"])
            try host.route.deleteLink(index)
            #expect(try host.route.link(named: "b") == nil)
        }

        @Test func `a macvlan is born in another namespace`() throws {
            let (host, guest) = (try FreshNetwork(), try FreshNetwork())
            try host.route.add(.veth(peer: LinkSettings(name: "p1")), LinkSettings(name: "p0", isUp: true))
            try host.route.add(
                .macvlan(parent: try host.index("p0")), LinkSettings(name: "eth0", namespace: guest.namespace))
            #expect(try guest.route.link(named: "eth0")?.kind == "macvlan")
        }

        @Test(arguments: [Link.Kind.dummy, .ipvlan(parent: 1)])
        func `a kind the kernel lacks is told by its name`(kind: Link.Kind) throws {
            let host = try FreshNetwork()
            do { try host.route.add(kind, LinkSettings(name: "x")) } catch {
                #expect(error.purpose.hasPrefix("adding the \(kind.name) \"x\""))
            }
        }

        @Test func `an error has the kernel's words and the attribute it means`() throws {
            let host = try FreshNetwork()
            let error = try #require(throws: NetlinkError.self) {
                try host.route.add(.bridge, LinkSettings(name: "x", mtu: 1, master: 4_000_000))
            }
            #expect(error.description.hasPrefix("adding the bridge \"x\": "))
            let address = InterfaceAddress(try #require(IPPrefix("10.0.0.1/8")), link: 999)
            let second = try #require(throws: NetlinkError.self) { try host.route.add(address) }
            #expect(second.code == .noDevice)
            #expect(second.explanation?.isEmpty == false)
            let long = try #require(throws: NetlinkError.self) {
                try host.route.add(.bridge, LinkSettings(name: "a-name-of-twenty-byt"))
            }
            #expect(long.code == .outOfRange || long.code == .invalid)
            #expect(long.attribute == [.linkName])
            #expect(long.explanation != nil)
        }

        @Test func `a taken name is EEXIST`() throws {
            let host = try FreshNetwork()
            try host.route.add(.bridge, LinkSettings(name: "x"))
            let error = try #require(throws: NetlinkError.self) { try host.route.add(.bridge, LinkSettings(name: "x")) }
            #expect(error.code == .exists)
        }

        @Test func `addresses are added, listed and deleted`() throws {
            let host = try FreshNetwork()
            for text in ["10.1.2.3/24", "fd00::5/64"] {
                let address = InterfaceAddress(try #require(IPPrefix(text)), link: 1)
                try host.route.add(address)
                #expect(try host.route.addresses(of: 1).contains(address))
                #expect(throws: NetlinkError.self) { try host.route.add(address) }
                try host.route.delete(address)
                #expect(try !host.route.addresses().contains(address))
            }
            #expect(try host.route.addresses(of: 77).isEmpty)
        }

        @Test func `routes are added, listed, replaced and deleted`() throws {
            let networks = try JoinedNetworks()
            let (route, link) = (networks.guest.route, try networks.guest.index("eth0"))
            let gateway = try #require(IPAddress("10.99.0.1"))
            let wanted = [
                Route(to: .everything(.v4), via: gateway, link: link),
                Route(to: try #require(IPPrefix("10.5.0.0/16")), link: link),
                Route(to: try #require(IPPrefix("10.6.0.0/16")), via: .v4(0x0B00_0001), link: link, isOnLink: true),
                Route(
                    to: try #require(IPPrefix("10.7.0.0/16")), via: .v6(0xFE80 << 112 | 1), link: link, isOnLink: true),
            ]
            for one in wanted { try route.add(one) }
            #expect(try Set(route.routes(.v4)).isSuperset(of: wanted))
            try route.replace(wanted[0])
            for one in wanted { try route.delete(one) }
            #expect(try Set(route.routes(.v4)).isDisjoint(with: wanted))
            let error = try #require(throws: NetlinkError.self) { try route.delete(wanted[1]) }
            #expect(error.code == .noSuchProcess)
            let six = Route(to: try #require(IPPrefix("fd05::/64")), link: link, priority: 77)
            try route.add(six)
            #expect(try route.routes(.v6).contains(six))
            try route.delete(six)
        }

        @Test func `a neighbour lasts until it is deleted`() throws {
            let networks = try JoinedNetworks()
            let (route, link) = (networks.host.route, try networks.host.index("v0"))
            let mac = try #require(MACAddress("02:00:00:00:00:09"))
            for text in ["10.99.0.9", "fd00::9"] {
                let neighbour = Neighbour(try #require(IPAddress(text)), mac, link: link)
                try route.add(neighbour)
                try route.add(neighbour)
                #expect(try route.neighbours().contains(neighbour))
                try route.delete(neighbour)
                #expect(try !route.neighbours().contains(neighbour))
            }
        }

        @Test func `one send carries many requests and each has its own outcome`() throws {
            let host = try FreshNetwork()
            let addresses = (0..<300).map { InterfaceAddress(IPPrefix.single(.v4(0x0A00_0000 + $0 % 299)), link: 1) }
            let messages = addresses.map { $0.message(20, [.create, .exclusive], "adding") }
            let outcomes = try host.route.socket.outcomes(of: messages)
            #expect(outcomes.filter { $0 == nil }.count == 299)
            #expect(outcomes.last??.code == .exists)
            #expect(try host.route.addresses(of: 1).count >= 299)
        }

        @Test func `a monitor hears of links, addresses and routes`() throws {
            let host = try FreshNetwork()
            let monitor = try NetlinkMonitor([.links, .addresses4, .routes4], in: host.namespace)
            #expect(try monitor.events().isEmpty)
            try host.route.add(.bridge, LinkSettings(name: "b", isUp: true))
            let index = try host.index("b")
            let address = InterfaceAddress(try #require(IPPrefix("10.1.0.1/24")), link: index)
            try host.route.add(address)
            try host.route.deleteLink(index)
            let events = try monitor.events()
            #expect(events.contains(.address(address)) && events.contains(.addressDeleted(address)))
            #expect(events.contains { if case .linkDeleted(let link) = $0 { link.name == "b" } else { false } })
            #expect(throws: NetlinkError.self) { try NetlinkMonitor([.rules, .links]) }
        }

        @Test func `limits are made, changed, seen and removed in both directions`() throws {
            let networks = try JoinedNetworks()
            let (route, link) = (networks.host.route, try networks.host.index("v0"))
            try route.limit(link, to: TrafficLimit(bytesPerSecond: 1_000_000))
            #expect(try route.limits() == [link: TrafficLimit(bytesPerSecond: 1_000_000)])
            try route.limit(link, to: TrafficLimit(bytesPerSecond: 6_000_000_000, burst: 1_000_000))
            #expect(try route.limits()[link]?.bytesPerSecond == 6_000_000_000)
            try route.removeLimit(of: link)
            try route.removeLimit(of: link)
            #expect(try route.limits().isEmpty)

            try route.add(.ifb, LinkSettings(name: "ifb0", isUp: true))
            let buffer = try networks.host.index("ifb0")
            try route.limit(buffer, to: TrafficLimit(bytesPerSecond: 200_000))
            try route.redirectArrivals(of: link, through: buffer)
            let listener = try networks.host.listen(.stream, "10.99.0.1", 80)
            let client = try networks.guest.connect("10.99.0.1", 80)
            let server = try accept(listener)
            let start = MonotonicTime.now
            try sendAll(client, 264_000, to: server)
            // 64 KiB go at once, the other 200,000 bytes at 200,000 a second.
            #expect(start.distance(to: .now) > .milliseconds(700))
            try route.stopRedirectingArrivals(of: link)
            try route.stopRedirectingArrivals(of: link)
        }

        private func sendAll(_ client: Descriptor, _ count: Int, to server: Descriptor) throws {
            var (sent, received) = (0, 0)
            let deadline = MonotonicTime.now.advanced(by: .seconds(10))
            while received < count, MonotonicTime.now < deadline {
                let piece = [UInt8](repeating: 1, count: min(16384, count - sent))
                if sent < count, let taken = try? client.send(piece, wait: false) { sent += taken }
                if try server.wait(until: .now.advanced(by: .milliseconds(20))) {
                    received += try server.read(upTo: 65536).count
                }
            }
            #expect(received == count)
        }
    }
}
