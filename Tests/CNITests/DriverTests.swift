import ContainerNetwork
import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkCNI

extension KernelTests {
    /// What the driver asks of plugins that only note it.
    @Suite struct `Driver` {
        /// Three plugins in a list.
        private func world(version: String = "1.0.0", _ more: String = "") throws -> World {
            let world = try World(ownPlugins: true)
            for type in ["one", "two", "three"] { try world.plugin(type) }
            try world.list(
                "web", version: version, with: more, #"{"type":"one"}"#,
                #"{"type":"two","capabilities":{"portMappings":true,"ips":true,"mac":true}}"#, #"{"type":"three"}"#)
            return world
        }

        @Test func `nothing is asked before a container comes, and nothing for one that never came`() async throws {
            let world = try world()
            #expect(try await world.driver.status().healthy)
            try await world.driver.recover([])
            #expect(try await world.driver.collect(valid: []).isEmpty)
            try await world.driver.remove(NetworkName("web"))
            try await world.driver.detach(DetachRequest(container: .random(), network: NetworkName("web")))
            #expect(try world.calls().isEmpty)
        }

        @Test func `plugins are asked in order, taken back in reverse, each time with the result before`() async throws
        {
            let world = try world()
            try await world.create("web")
            let container = try await world.attach("web") {
                $0.ports = [PortMapping(hostPort: 8080, containerPort: 80)]
            }
            #expect(container.attachment.addresses == ["192.0.2.9/24"] && container.attachment.ports.count == 1)
            #expect(try world.calls() == ["one", "two", "three"].map { "\($0) ADD eth0 netns" })
            #expect(try world.input("one", "ADD")["prevResult"] == nil)
            #expect(try world.input("two", "ADD")["prevResult"]?["ips"]?[0]?["address"] == "192.0.2.9/24")
            let ports: JSONValue = ["portMappings": [["hostPort": 8080, "containerPort": 80, "protocol": "tcp"]]]
            #expect(try world.input("two", "ADD")["runtimeConfig"] == ports)
            #expect(try world.input("three", "ADD")["runtimeConfig"] == nil)
            let inside = try RouteSocket(in: container.namespace)
            #expect(try inside.links().map(\.isUp) == [true])
            try world.write("calls", "")
            try await world.detach(container)
            #expect(try world.calls() == ["three", "two", "one"].map { "\($0) DEL eth0 netns" })
            #expect(try world.input("two", "DEL")["runtimeConfig"] == ports)
            #expect(try world.input("one", "DEL")["prevResult"] == world.input("three", "DEL")["prevResult"])
            // Nothing is known of it any more, but for what the agent tells.
            try world.write("calls", "")
            try await world.detach(container)
            #expect(try world.calls() == ["three", "two", "one"].map { "\($0) DEL eth0" })
        }

        @Test func `asked again it gives what it gave`() async throws {
            let world = try world()
            try await world.create("web")
            let request = try AttachRequest(container: .random(), network: NetworkName("web"), hostname: "c")
            let (first, again) = (try await world.driver.attach(request), try await world.driver.attach(request))
            #expect(first.handle == again.handle && first.addresses == again.addresses)
            #expect(try world.calls().count == 3)
        }

        @Test func `before 0.4.0 nothing is told of the result when it is taken back`() async throws {
            let world = try world(version: "0.3.1")
            for type in ["one", "two", "three"] { try world.plugin(type, versions: "\"0.3.1\"") }
            try await world.create("web")
            let container = try await world.attach("web")
            #expect(try world.input("three", "ADD")["prevResult"]?["cniVersion"] == "0.3.1")
            try await world.detach(container)
            #expect(try world.input("three", "DEL")["prevResult"] == nil)
            try await world.driver.recover([container.handle])
            world.driver.check(ConnectionID(container.id, container.network))
            #expect(try !world.calls().contains { $0.contains("CHECK") })
        }

        @Test func `what fails in the middle is taken back whole, and the error is the plugin's`() async throws {
            let world = try world()
            try world.plugin("two", "[ $CNI_COMMAND != ADD ] || { echo '{\"code\":11,\"msg\":\"busy\"}'; exit 1; }")
            try await world.create("web")
            let error = await #expect(throws: AgentError.self) { try await world.attach("web") }
            #expect(error?.code == .driverFailed && error?.retryable == true)
            #expect(error?.message.contains("the CNI plugin two failed in ADD eth0 of container ") == true)
            #expect(error?.message.hasSuffix("on web: busy (code 11); try again later") == true)
            #expect(
                try world.calls() == [
                    "one ADD eth0 netns", "two ADD eth0 netns", "three DEL eth0 netns", "two DEL eth0 netns",
                    "one DEL eth0 netns",
                ])
            #expect(world.driver.connected.withLock { $0.isEmpty })
            try world.plugin("two")
            _ = try await world.attach("web")
        }

        @Test func `a plugin that refuses to take back keeps nobody else from it, and is asked again`() async throws {
            let world = try world()
            try await world.create("web")
            let container = try await world.attach("web")
            try world.plugin("three", "[ $CNI_COMMAND != DEL ] || exit 4")
            try world.directory.directory("bin").remove("two")
            try world.write("calls", "")
            let error = await #expect(throws: AgentError.self) { try await world.detach(container) }
            #expect(error?.message.contains("the CNI plugin three ended DEL eth0") == true)
            #expect(error?.cause.contains { $0.hasPrefix("the CNI plugin two is not in") } == true)
            #expect(try world.calls() == ["three DEL eth0 netns", "one DEL eth0 netns"])
            for type in ["two", "three"] { try world.plugin(type) }
            try world.write("calls", "")
            // The namespace was let go of: it is nobody's to keep.
            try await world.detach(container)
            #expect(try world.calls() == ["three", "two", "one"].map { "\($0) DEL eth0" })
        }

        @Test func `a container that is unknown to a plugin is taken back`() async throws {
            let world = try world()
            try await world.create("web")
            let container = try await world.attach("web")
            try world.plugin("three", "[ $CNI_COMMAND != DEL ] || { echo '{\"code\":3,\"msg\":\"unknown\"}'; exit 1; }")
            try await world.detach(container)
        }

        @Test func `what was made is taken back with the list that made it, whatever the files say`() async throws {
            let world = try world()
            try await world.create("web")
            let container = try await world.attach("web")
            try world.list("web", #"{"type":"one","changed":true}"#)
            try world.write("calls", "")
            let again = try world.restart()
            try await world.detach(container, again)
            #expect(try world.calls() == ["three", "two", "one"].map { "\($0) DEL eth0" })
            #expect(try world.input("one", "DEL")["changed"] == nil)
        }

        @Test func `a further network goes into the given namespace under its own name`() async throws {
            let world = try world()
            try await world.create("web")
            let given = try NetworkNamespace.make()
            let container = try await world.attach("web") { ($0.namespace, $0.interface) = (given, "eth3") }
            #expect(container.namespace === given)
            #expect(try world.calls()[0] == "one ADD eth3 netns")
            try await world.driver.detach(
                DetachRequest(
                    container: container.id, network: container.network, handle: container.attachment.handle,
                    interface: "eth3", namespace: given))
            #expect(try world.calls().last == "one DEL eth3 netns")
        }

        @Test func `a list's name servers are the container's, else the host's`() async throws {
            let world = try World(ownPlugins: true) { $0.resolvConf = "/proc/self/attr/none" }
            try world.plugin(
                "one",
                "[ $CNI_COMMAND != ADD ] || { echo '{\"dns\":{\"nameservers\":[\"192.0.2.53\"],\"search\":[\"a.b\"]}}'; exit; }"
            )
            try world.list("web", #"{"type":"one"}"#)
            try await world.create("web")
            #expect(try await world.attach("web").attachment.resolvConf == "nameserver 192.0.2.53\nsearch a.b\n")
            let other = try World(ownPlugins: true) { configuration in
                configuration.resolvConf = configuration.confDirs[0] + "/resolv"
            }
            try other.plugin("one")
            try other.list("web", #"{"type":"one"}"#)
            try other.write("conf/resolv", "nameserver 127.0.0.1\nnameserver 192.0.2.1\n")
            try await other.create("web")
            #expect(try await other.attach("web").attachment.resolvConf == "nameserver 192.0.2.1\n")
        }

        @Test func `a port that somebody has is told, and none is asked for twice`() async throws {
            let world = try world()
            try await world.create("web")
            let listener = try NetworkNamespace.run(in: world.host) { () throws(Errno) in
                try InternetSocket.listen(.stream, address: "0.0.0.0", port: 8080)
            }
            let error = await #expect(throws: AgentError.self) {
                try await world.attach("web") { $0.ports = [PortMapping(hostPort: 8080, containerPort: 80)] }
            }
            #expect(error?.code == .portInUse && error?.message.contains("a program of the host has that port") == true)
            withExtendedLifetime(listener) {}
            let first = try await world.attach("web") { $0.ports = [PortMapping(hostPort: 8081, containerPort: 80)] }
            let other = await #expect(throws: AgentError.self) {
                try await world.attach("web") {
                    $0.ports = [PortMapping(address: "127.0.0.1", hostPort: 8081, containerPort: 80)]
                }
            }
            #expect(other?.code == .portInUse && other?.message.contains("container \(first.id) on web") == true)
            try await world.detach(first)
            _ = try await world.attach("web") { $0.ports = [PortMapping(hostPort: 8081, containerPort: 80)] }
        }

        // MARK: Networks

        @Test func `a network is the list of its name, or the one that is named, or for cni the first`() async throws {
            let world = try world()
            var spec = NetworkSpec(name: try NetworkName("front"), driver: "cni")
            spec.options = ["conflist": "web"]
            let made = try await world.driver.create(NetworkRequest(spec))
            #expect(made.handle == ["version": 1, "list": "web"])
            let first = try await world.driver.create(
                NetworkRequest(NetworkSpec(name: NetworkName("cni"), driver: "cni")))
            #expect(first.handle == made.handle)
            // It stays the same when another comes before it.
            try world.write("conf/00.conf", #"{"cniVersion":"1.0.0","name":"early","type":"one"}"#)
            var again = NetworkRequest(NetworkSpec(name: try NetworkName("cni"), driver: "cni"))
            again.handle = first.handle
            #expect(try await world.driver.create(again).handle == first.handle)
            try world.write("conf/05.conf", #"{"cniVersion":"1.0.0","name":"cni","type":"one"}"#)
            again.handle = .null
            #expect(try await world.driver.create(again).handle["list"] == "cni")
        }

        @Test func `a network tells what its list says of it`() async throws {
            let world = try World()
            try world.list(
                "web",
                #"{"type":"bridge","bridge":"cni7","mtu":1400,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.9.0.0/24","gateway":"10.9.0.1"}],[{"subnet":"fd00:9::/64"}]]}}"#
            )
            let state = try await world.driver.create(NetworkRequest(NetworkSpec(name: NetworkName("web")))).state
            #expect(
                state
                    == NetworkState(
                        subnets: ["10.9.0.0/24", "fd00:9::/64"], gateways: [], mtu: 1400, link: "cni7"))
        }

        @Test func `what can't be a network is refused before anything is kept`() async throws {
            let world = try world()
            try world.list("ipam", #"{"type":"one","ipam":{"type":"absent"}}"#)
            try world.list("old", version: "1.1.0", #"{"type":"two"}"#)
            try world.plugin("two", versions: "\"0.4.0\"")
            for (name, change, words) in [
                ("absent", { _ in }, "there is no CNI configuration list with the name \"absent\""),
                ("web", { $0.subnets = ["10.0.0.0/24"] }, "is what its CNI list says: write subnet there"),
                ("web", { $0.isInternal = true }, "write internal there"),
                ("web", { $0.options = ["bridge": "x"] }, "has no option \"bridge\": it has conflist"),
                ("ipam", { _ in }, "the CNI plugin absent is not in"),
                ("old", { _ in }, "does not speak version 1.1.0"),
            ] as [(String, (inout NetworkSpec) -> Void, String)] {
                var spec = NetworkSpec(name: try NetworkName(name), driver: "cni")
                change(&spec)
                let request = NetworkRequest(spec)
                let error = await #expect(throws: AgentError.self) { try await world.driver.create(request) }
                #expect(
                    error?.code == .networkRefused && error?.message.contains(words) == true, "\(error?.message ?? "")")
            }
            #expect(world.driver.networks.withLock { $0.isEmpty })
        }

        // MARK: Status

        @Test func `STATUS is asked of lists of 1.1.0, and only of these`() async throws {
            let world = try world(version: "1.1.0")
            try world.plugin("plain")
            try world.list("plain", #"{"type":"plain"}"#)
            try await world.create("web")
            try await world.create("plain")
            let status = try await world.driver.status()
            #expect(status.healthy)
            #expect(status.message == "plain: plain, 0 connected; web: one two three, 0 connected")
            #expect(try world.calls() == ["one STATUS", "two STATUS", "three STATUS"])
            for (code, words) in [(50, "it is not ready: look at"), (51, "what is connected may be cut off")] {
                try world.plugin(
                    "two", "[ $CNI_COMMAND != STATUS ] || { echo '{\"code\":\(code),\"msg\":\"no daemon\"}'; exit 1; }")
                let status = try await world.driver.status()
                #expect(!status.healthy && status.message.contains(words) && status.message.contains("no daemon"))
            }
            try world.plugin("two")
            try world.directory.directory("bin").remove("plain")
            #expect(try await world.driver.status().message.contains("plain: the CNI plugin plain is not in"))
        }

        // MARK: Clean-up

        @Test func `GC is told what is valid, of lists of 1.1.0 that do not forbid it`() async throws {
            let world = try world(version: "1.1.0")
            for (name, more) in [("old", ""), ("closed", #""disableGC":true,"#)] {
                try world.plugin(name)
                try world.list(name, version: name == "old" ? "1.0.0" : "1.1.0", with: more, "{\"type\":\"\(name)\"}")
            }
            // Two networks of one list: neither is to lose what the other has.
            var front = NetworkSpec(name: try NetworkName("front"), driver: "cni")
            front.options = ["conflist": "web"]
            _ = try await world.driver.create(NetworkRequest(front))
            for name in ["web", "old", "closed"] { try await world.create(name) }
            var containers: [Container] = []
            for name in ["web", "front", "old", "closed"] { containers.append(try await world.attach(name)) }
            let gone = try await world.attach("web")
            try world.write("calls", "")
            let removed = try await world.driver.collect(valid: Set(containers.map(\.id)))
            #expect(removed == ["the connection of container \(gone.id) on web"])
            #expect(
                try world.calls()
                    == ["three", "two", "one"].map { "\($0) DEL eth0 netns" }
                    + ["one", "two", "three"].map { "\($0) GC" })
            let valid = try #require(try world.input("two", "GC")["cni.dev/valid-attachments"]?.array)
            #expect(Set(valid.compactMap { $0["containerID"]?.string }) == Set(containers[0...1].map(\.id.description)))
            #expect(valid.allSatisfy { $0["ifname"] == "eth0" })
        }

        @Test func `one that fails in GC keeps the others from nothing`() async throws {
            let world = try world(version: "1.1.0")
            try world.plugin("one", "[ $CNI_COMMAND != GC ] || exit 9")
            try await world.create("web")
            let error = await #expect(throws: AgentError.self) { try await world.driver.collect(valid: []) }
            #expect(
                error?.message.contains("the CNI plugin one ended GC of the network web with exit status 9") == true)
            #expect(try world.calls() == ["one GC", "two GC", "three GC"])
        }

        @Test func `what an agent left that died amid ADD is taken back without a handle`() async throws {
            let world = try world()
            // It never answers: the agent dies before.
            try world.plugin("three", "[ $CNI_COMMAND != ADD ] || { echo half >'\(world.path)/half'; exit 1; }")
            let name = try NetworkName("web")
            let again = try world.restart()
            try await again.restore([NetworkRequest(NetworkSpec(name: name, driver: "cni"))])
            let id = ContainerID.random()
            try await again.detach(DetachRequest(container: id, network: name, interface: "eth2"))
            #expect(try world.calls() == ["three", "two", "one"].map { "\($0) DEL eth2" })
            #expect(try world.input("one", "DEL")["prevResult"] == nil)
            // Where there is no list any more nothing can be done, and nothing keeps the container from going.
            try world.directory.directory("conf").remove("10-web.conflist")
            try await again.detach(DetachRequest(container: id, network: name, interface: "eth2"))
        }

        @Test func `a new start finds the namespaces, has them checked, and takes down nothing`() async throws {
            let world = try world(version: "1.1.0")
            try await world.create("web")
            let container = try await world.attach("web")
            let sleeper = try NetworkNamespace.run(in: container.namespace) { () throws(Errno) in
                try Command.startSleeper()
            }
            defer { try? sleeper.send(signal: 9) }
            let again = try world.restart()
            try await again.restore([NetworkRequest(NetworkSpec(name: container.network, driver: "cni"))])
            try world.plugin(
                "two", "[ $CNI_COMMAND != CHECK ] || { echo '{\"code\":100,\"msg\":\"rule is gone\"}'; exit 1; }")
            try await again.recover([container.handle])
            #expect(try await eventually { try await again.status().message.contains("rule is gone") })
            #expect(try await again.status().healthy)
            #expect(
                try world.calls().filter { $0.contains("CHECK") } == ["one CHECK eth0 netns", "two CHECK eth0 netns"])
            #expect(try world.input("two", "CHECK")["prevResult"]?["ips"]?[0]?["address"] == "192.0.2.9/24")
            try world.plugin("two")
            again.check(ConnectionID(container.id, container.network))
            #expect(try await !again.status().message.contains("rule is gone"))
            try world.write("calls", "")
            try await world.detach(container, again)
            #expect(try world.calls().contains("one DEL eth0 netns"))
        }

        @Test func `a list that forbids CHECK is not checked`() async throws {
            let world = try world(version: "1.1.0", #""disableCheck":true,"#)
            try await world.create("web")
            let container = try await world.attach("web")
            world.driver.check(ConnectionID(container.id, container.network))
            #expect(try !world.calls().contains { $0.contains("CHECK") })
        }

        @Test func `handles that are none of ours are refused or left alone`() async throws {
            let world = try world()
            try await world.create("web")
            let good = try await world.attach("web")
            let again = try world.restart()
            var random = SeededGenerator(3)
            for _ in 0..<300 {
                let text = mutated(good.attachment.handle.description, &random)
                guard let handle = try? JSONValue(parsing: text) else { continue }
                try await again.recover([ContainerHandle(container: good.id, network: good.network, handle: handle)])
                do {
                    try await again.detach(DetachRequest(container: good.id, network: good.network, handle: handle))
                } catch is AgentError {}
                again.connected.withLock { $0 = [:] }
            }
        }

        // MARK: Turns

        @Test func `nobody runs plugins while a network is cleaned up, and no container twice at once`() async throws {
            let turns = Turns()
            let state = Guarded((running: Set<ContainerID>(), isCleaning: false, faults: 0, done: 0))
            let containers = (0..<3).map { _ in ContainerID.random() }
            for number in 0..<12 {
                try Thread.start("test-turn") {
                    for _ in 0..<200 {
                        if number % 6 == 5 {
                            turns.runAlone {
                                state.withLock { if !$0.running.isEmpty || $0.isCleaning { $0.faults += 1 } }
                                state.withLock { $0.isCleaning = true }
                                state.withLock { $0.isCleaning = false }
                            }
                        } else {
                            let id = containers[number % 3]
                            turns.run(for: id) {
                                state.withLock {
                                    if $0.isCleaning || !$0.running.insert(id).inserted { $0.faults += 1 }
                                }
                                state.withLock { _ = $0.running.remove(id) }
                            }
                        }
                    }
                    state.withLock { $0.done += 1 }
                    state.wakeAll()
                }
            }
            state.wait { $0.done == 12 ? () : nil }
            #expect(state.withLock { $0.faults } == 0)
        }
    }
}

extension Command {
    /// A process that does nothing, where the calling thread is.
    static func startSleeper() throws(Errno) -> Pidfd {
        let sleep = try Directory(path: "/bin").open("sleep")
        return try Process.spawn(
            executable: sleep.rawValue, arguments: ["sleep", "600"], environment: [], descriptors: []
        ).shared()
    }
}
