import Drivers
import JSON
import Linux
import Model
import Testing

@testable import Engine

extension World {
    /// What was done, but for looking up images.
    var deeds: [String] { script.deeds.filter { !$0.hasPrefix("resolve") } }

    fileprivate func make(_ name: String, isInternal: Bool = false) async throws {
        var spec = NetworkSpec(name: try NetworkName(name), driver: "lan")
        spec.isInternal = isInternal ? true : nil
        _ = try await engine.createNetwork(spec)
    }

    func refusal(_ body: () async throws -> Void) async -> AgentError? {
        await #expect(throws: AgentError.self) { try await body() }
    }
}

extension ContainerSpec {
    static func on(_ networks: String..., name: String = "a") throws -> ContainerSpec {
        var spec = try test(name)
        spec.network = networks[0]
        spec.networks = networks.map { NetworkConnection($0) }
        return spec
    }
}

@Suite struct `Networks as objects` {
    @Test func `a network is made, listed, found again by the next agent, and removed`() async throws {
        try await withWorld { world in
            try await world.make("web")
            #expect(try world.names("state/networks") == ["web.json"])
            #expect(try await world.engine.network("web").state.subnets == ["10.9.0.0/24"])
            let again = await world.refusal { try await world.make("web") }
            #expect(again?.code == .networkExists)
            let next = try World(of: world)
            await next.engine.recover()
            #expect(next.deeds == [#"restore web {"made":"web"}"#])
            #expect(try await next.engine.network("web").spec == world.engine.network("web").spec)
            try await next.engine.removeNetwork("web")
            #expect(next.deeds.last == "remove web")
            let left = try world.names("state/networks")
            #expect(left.isEmpty)
            let gone = await world.refusal { _ = try await next.engine.network("web") }
            #expect(gone?.code == .networkNotFound && gone?.message.contains("there are lame, lan, none") == true)
            next.leave()
        }
    }

    @Test func `a container that names none is on the agent's, with ports on one that has them`() async throws {
        try await withWorld { world in
            #expect(try await world.engine.create(.test("a")).spec.network == "none")
            var spec = try ContainerSpec.on("default", "none", name: "b")
            let twice = await world.refusal { _ = try await world.engine.create(spec) }
            #expect(twice?.code == .requestInvalid)
            spec.networks = [NetworkConnection("default")]
            #expect(try await world.engine.create(spec).spec.networks == [NetworkConnection("none")])
            spec = try .test("c")
            spec.ports = [PortMapping(containerPort: 80)]
            let refusal = await world.refusal { _ = try await world.engine.create(spec) }
            #expect(refusal?.code == .networkNotFound && refusal?.message.contains("bridge") == true)
            let reserved = await world.refusal { try await world.make("default") }
            #expect(reserved?.code == .networkRefused)
            try await world.make("web")
            world.leave()
            var settings = World.settings
            settings.network = "web"
            let next = try World(of: world, settings: settings)
            await next.engine.recover()
            #expect(try await next.engine.get("a").spec.network == "none")
            #expect(try await next.engine.create(spec).spec.network == "web")
            #expect(try await next.engine.create(.on("none", name: "d")).spec.network == "none")
            next.leave()
        }
    }

    @Test func `one that could not be made is not there, and its name is free`() async throws {
        try await withWorld { world in
            world.script.fail("create web")
            _ = await world.refusal { try await world.make("web") }
            #expect(await world.engine.networkViews().map(\.spec.name.description) == ["lame", "lan", "none"])
            let left = try world.names("state/networks")
            #expect(left.isEmpty)
            let unknown = await world.refusal {
                _ = try await world.engine.createNetwork(NetworkSpec(name: NetworkName("x"), driver: "y"))
            }
            #expect(unknown?.code == .driverNotFound)
        }
    }

    @Test func `a driver's own network is made once, with its first containers`() async throws {
        try await withWorld { world in
            for name in ["a", "b", "c"] { _ = try await world.engine.create(.on("lan", name: name)) }
            #expect(world.deeds.isEmpty)
            try await withThrowingTaskGroup { group in
                for name in ["a", "b", "c"] { group.addTask { _ = try await world.engine.start(name) } }
                try await group.waitForAll()
            }
            #expect(world.deeds.count { $0 == "create lan" } == 1)
            #expect(try await world.engine.network("lan").containers.count == 3)
        }
    }

    @Test func `one that a container is on is not removed, whether it runs or not`() async throws {
        try await withWorld { world in
            try await world.make("web")
            let id = try await world.engine.create(.on("web")).id
            for start in [false, true] {
                if start { _ = try await world.engine.start("a") }
                let refusal = await world.refusal { try await world.engine.removeNetwork("web") }
                #expect(refusal?.code == .networkInUse && refusal?.details == ["container": .string("\(id)")])
            }
            #expect(try await world.engine.pruneNetworks().isEmpty)
            try await world.engine.remove("a", force: true)
            #expect(try await world.engine.pruneNetworks().map(\.description) == ["web"])
            let always = await world.refusal { try await world.engine.removeNetwork("none") }
            #expect(always?.code == .networkRefused)
        }
    }

    @Test func `a removal that fails leaves the network as it was`() async throws {
        try await withWorld { world in
            try await world.make("web")
            world.script.fail("remove web")
            _ = await world.refusal { try await world.engine.removeNetwork("web") }
            #expect(try await world.engine.network("web").state.subnets == ["10.9.0.0/24"])
        }
    }

    @Test(arguments: ["", "{", #"{"spec":{"name":"other"}}"#])
    func `a damaged record is put aside and harms no other`(text: String) async throws {
        try await withWorld { world in
            for name in ["a", "b"] { try await world.make(name) }
            try Directory(path: "\(world.directory)/state/networks").replaceFile("a.json", Array(text.utf8))
            let next = try World(of: world)
            await next.engine.recover()
            #expect(await next.engine.networkViews().map(\.spec.name.description).contains("b"))
            #expect(next.script.complaints.map(\.message) == ["the record of the network a.json is damaged"])
            #expect(try world.names("state/networks") == ["a.json.damaged", "b.json"])
            next.leave()
        }
    }
}

@Suite struct `Connections` {
    @Test func `a container has its networks in order, one way out, and leaves them last first`() async throws {
        try await withWorld { world in
            try await world.make("back", isInternal: true)
            try await world.make("web")
            var spec = try ContainerSpec.on("back", "web")
            spec.networks?[1].addresses = ["10.9.0.7"]
            spec.ports = [PortMapping(hostPort: 80, containerPort: 80)]
            _ = try await world.engine.create(spec)
            let network = try #require(try await world.engine.start("a").status.network)
            #expect(network.addresses == ["10.9.0.2/24", "10.9.0.7/24"] && network.ports.count == 1)
            #expect(network.connections?.map(\.interface) == ["eth0", "eth1"])
            #expect(world.deeds.contains("attach back eth0") && world.deeds.contains("attach web eth1 beside out"))
            _ = try await world.engine.stop("a", grace: 0)
            try await world.settled { world.deeds.last == "detach back" }
            #expect(world.deeds.suffix(2) == ["detach web", "detach back"])
        }
    }

    @Test func `a second network that fails takes back the first`() async throws {
        try await withWorld { world in
            try await world.make("back")
            try await world.make("web")
            world.script.fail("attach web eth1 beside")
            _ = try await world.engine.create(.on("back", "web"))
            _ = await world.refusal { _ = try await world.engine.start("a") }
            try await world.settled { world.deeds.last == "detach back" }
            try await world.assertNothingRuns()
        }
    }

    @Test func `a network that stands alone can't be joined with another`() async throws {
        try await withWorld { world in
            try await world.make("web")
            _ = try await world.engine.create(.on("none", "web"))
            let refusal = await world.refusal { _ = try await world.engine.start("a") }
            #expect(refusal?.code == .networkRefused)
        }
    }

    @Test func `a running container joins and leaves networks, and the next agent knows`() async throws {
        try await withWorld { world in
            for name in ["web", "back"] { try await world.make(name) }
            _ = try await world.engine.create(.on("web"))
            _ = try await world.engine.start("a")
            let joined = try await world.engine.connect("a", to: NetworkConnection("back"))
            #expect(world.deeds.last == "attach back eth1 beside")
            #expect(joined.spec.networks?.map(\.network) == ["web", "back"])
            #expect(joined.status.network?.connections?.map(\.network) == ["web", "back"])
            #expect(world.ledger.load().records.first?.connections?.map(\.interface) == ["eth0", "eth1"])
            let twice = await world.refusal { _ = try await world.engine.connect("a", to: NetworkConnection("back")) }
            #expect(twice?.code == .networkInUse)
            let left = try await world.engine.disconnect("a", from: "web")
            #expect(world.deeds.last == "detach web living")
            #expect(left.spec.network == "back" && left.status.network?.addresses == ["10.9.0.2/24"])
            // The name that is free again is given to the next.
            _ = try await world.engine.connect("a", to: NetworkConnection("web"))
            #expect(world.deeds.last == "attach web eth0 beside")
            _ = try await world.engine.stop("a", grace: 0)
            try await world.settled { world.deeds.suffix(2) == ["detach web", "detach back"] }
        }
    }

    @Test func `a connection that fails leaves the container as it was`() async throws {
        try await withWorld { world in
            for name in ["web", "back"] { try await world.make(name) }
            _ = try await world.engine.create(.on("web"))
            let before = try await world.engine.start("a")
            world.script.fail("attach back eth1 beside")
            _ = await world.refusal { _ = try await world.engine.connect("a", to: NetworkConnection("back")) }
            #expect(try await world.engine.get("a") == before)
            #expect(world.ledger.load().records.first?.spec == before.spec)
            world.script.fail("detach web living")
            _ = await world.refusal { _ = try await world.engine.disconnect("a", from: "web") }
            #expect(try await world.engine.get("a") == before)
        }
    }

    @Test func `one without a network gets its first, and none again when that goes`() async throws {
        try await withWorld { world in
            try await world.make("web")
            let before = try await world.engine.create(.test("a")).spec
            #expect(before.network == "none")
            #expect(try await world.engine.connect("a", to: NetworkConnection("web")).spec.network == "web")
            #expect(try await world.engine.disconnect("a", from: "web").spec == before)
            for (network, code) in [
                ("none", ErrorCode.networkRefused), ("host", .networkRefused), ("x", .networkNotFound),
            ] {
                let refusal = await world.refusal { _ = try await world.engine.connect("a", to: .init(network)) }
                #expect(refusal?.code == code)
            }
            let stranger = await world.refusal { _ = try await world.engine.disconnect("a", from: "web") }
            #expect(stranger?.code == .networkNotFound)
        }
    }

    @Test func `a container that shares another's network needs it to run, and has no ports`() async throws {
        try await withWorld { world in
            var spec = try ContainerSpec.test("guest")
            spec.network = "container:a"
            _ = try await world.engine.create(.on("lan"))
            _ = try await world.engine.create(spec)
            let early = await world.refusal { _ = try await world.engine.start("guest") }
            #expect(early?.code == .containerWrongState && early?.retryable == true)
            _ = try await world.engine.start("a")
            let attached = world.deeds.count { $0.hasPrefix("attach") }
            #expect(try await world.engine.start("guest").status.network == nil)
            #expect(world.deeds.count { $0.hasPrefix("attach") } == attached)
            let id = try await world.engine.get("guest").id
            let hosts = try Directory(path: world.directory).read("run/containers/\(id)/etc/hosts", limit: 4096)
            #expect(String(decoding: hosts, as: UTF8.self).contains("10.9.0.2 "))
            let joined = await world.refusal {
                _ = try await world.engine.connect("guest", to: NetworkConnection("lan"))
            }
            #expect(joined?.code == .networkRefused)
            spec.name = try ContainerName("third")
            spec.ports = [PortMapping(containerPort: 80)]
            _ = try await world.engine.create(spec)
            let ports = await world.refusal { _ = try await world.engine.start("third") }
            #expect(ports?.code == .portRefused)
            // Its links must not stay behind in a namespace that lives on, with an address that will be another's.
            _ = try await world.engine.stop("a", grace: 0)
            try await world.settled { world.deeds.contains("detach lan living") }
            _ = try await world.engine.start("a")
            _ = try await world.engine.stop("guest", grace: 0)
            _ = try await world.engine.stop("a", grace: 0)
            try await world.settled { world.deeds.contains("detach lan") }
        }
    }

    @Test func `what runs is told to the drivers of the next agent`() async throws {
        try await withWorld { world in
            for name in ["web", "back"] { try await world.make(name) }
            let container = try await world.engine.create(.on("web", "back"))
            _ = try await world.engine.start("a")
            // A record as a monitor's that lives: taken up by a player that has none.
            let record = try #require(world.ledger.load().records.first)
            let adopted = Container(record: record)
            let next = try World(of: world)
            await next.engine.recoverNetworks()
            await next.engine.recoverConnections(of: adopted)
            #expect(
                next.deeds == [
                    #"restore back {"made":"back"}"#, #"restore web {"made":"web"}"#, #"recover web {"on":"web"}"#,
                    #"recover back {"on":"back"}"#,
                ])
            #expect(adopted.id == container.id)
            next.leave()
        }
    }
}

extension Engine {
    fileprivate func recoverConnections(of container: Container) async { await recoverConnections(of: [container]) }
}

@Suite struct `Ports of a running container` {
    @Test func `are added and taken, those of the image among them`() async throws {
        try await withWorld { world in
            world.script.with { $0.config.exposedPorts = ["90/tcp"] }
            var spec = try ContainerSpec.on("lan")
            (spec.ports, spec.publishAll) = ([PortMapping(hostPort: 80, containerPort: 80)], true)
            _ = try await world.engine.create(spec)
            _ = try await world.engine.start("a")
            let more = [PortMapping(hostPort: 81, containerPort: 81)]
            let added = try await world.engine.publish(more, of: "a")
            #expect(world.deeds.last == "publish 80->80/tcp 81->81/tcp ->90/tcp")
            #expect(added.status.network?.ports.count == 3)
            #expect(try await world.engine.publish(more, of: "a").spec == added.spec)
            let taken = try await world.engine.withdraw(
                [PortMapping(containerPort: 90), PortMapping(hostPort: 80, containerPort: 80)], of: "a")
            #expect(world.deeds.last == "publish 81->81/tcp")
            #expect(taken.spec.ports == more && taken.spec.publishAll == nil)
            #expect(world.ledger.load().records.first?.connections?.map(\.handle) == [["on": "changed"]])
            let none = await world.refusal {
                _ = try await world.engine.withdraw([PortMapping(hostPort: 1, containerPort: 81)], of: "a")
            }
            #expect(none?.code == .portRefused)
        }
    }

    /// A listening socket on a port that was free.
    private func listen(at address: String) throws -> (Descriptor, Int) {
        for port in UInt16.random(in: 20000...50000)... {
            do { return (try InternetSocket.listen(.stream, address: address, port: port), Int(port)) } catch {
                guard error == .addressInUse else { throw error }
            }
        }
        throw Errno.addressInUse
    }

    @Test func `the path to a port ends at a program, on every address or the loopback alone`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.on("lan"))
            let early = await world.refusal { _ = try await world.engine.explainPorts(of: "a") }
            #expect(early?.code == .containerWrongState)
            _ = try await world.engine.start("a")
            // The played container is in the tests' own network.
            let steps = try ["0.0.0.0", "127.0.0.1"].map { address in
                let (socket, port) = try listen(at: address)
                defer { withExtendedLifetime(socket) {} }
                return ListeningSockets(ofProcess: Int(Process.pid)).step(PortMapping(containerPort: port))
            }
            #expect(steps.map(\.state) == [.open, .closed] && steps[1].message.contains("loopback alone"))
            let paths = try await world.engine.explainPorts(of: "a")
            #expect(paths.count == 3 && paths.allSatisfy { $0.steps.map(\.place) == ["program"] })
        }
    }

    @Test func `a change that fails changes nothing, and one at rest waits for the start`() async throws {
        try await withWorld { world in
            _ = try await world.engine.create(.on("lan"))
            let ports = [PortMapping(hostPort: 80, containerPort: 80)]
            _ = try await world.engine.publish(ports, of: "a")
            #expect(!world.deeds.contains { $0.hasPrefix("publish") })
            let before = try await world.engine.start("a")
            #expect(before.status.network?.ports.count == 1)
            world.script.fail("publish 80->80/tcp ->81/tcp")
            _ = await world.refusal { _ = try await world.engine.publish([PortMapping(containerPort: 81)], of: "a") }
            #expect(try await world.engine.get("a") == before)
        }
    }
}

@Suite struct `Services` {
    private func spec() throws -> ServiceSpec {
        ServiceSpec(
            name: try NetworkName("shop"), network: try NetworkName("lan"), selector: ["app": "shop"],
            ports: [ServicePort(80)])
    }

    /// A container with the service's label, at an address.
    private func create(_ name: String, _ address: String, in world: World, health: Bool = false) async throws {
        var container = try ContainerSpec.on("lan", name: name)
        container.networks?[0].addresses = [address]
        container.labels = ["app": "shop", "x": "y"]
        if health {
            var probe = HealthSpec(.file)
            (probe.path, probe.interval) = ("/", 100)
            container.health = probe
        }
        _ = try await world.engine.create(container)
    }

    private func served(_ world: World) -> [String] { world.deeds.filter { $0.hasPrefix("serve") } }

    @Test func `those that run and have the labels stand behind it, as they come and go`() async throws {
        try await withWorld { world in
            try await create("a", "10.9.0.3", in: world)
            try await create("b", "10.9.0.4", in: world)
            _ = try await world.engine.create(.on("lan", name: "stranger"))
            for name in ["a", "stranger"] { _ = try await world.engine.start(name) }
            let made = try await world.engine.createService(spec())
            #expect(made.addresses == ["10.9.0.200"] && made.backends.map(\.addresses) == [["10.9.0.3"]])
            _ = try await world.engine.start("b")
            try await world.settled { served(world).count == 2 }
            #expect(Set(served(world).last?.split(separator: " ") ?? []) == ["serve", "shop", "10.9.0.3", "10.9.0.4"])
            _ = try await world.engine.pause("a")
            try await world.settled { served(world).last == "serve shop 10.9.0.4" }
            _ = try await world.engine.resume("a")
            try await world.settled { served(world).count == 4 }
            _ = try await world.engine.stop("b", grace: 0)
            try await world.settled { served(world).last == "serve shop 10.9.0.3" }
            #expect(try await world.engine.service("shop").backends.count == 1)
        }
    }

    @Test func `one that is probed stands behind it only when it is well`() async throws {
        try await withWorld { world in
            try await create("a", "10.9.0.3", in: world, health: true)
            _ = try await world.engine.createService(spec())
            #expect(served(world) == ["serve shop "])
            _ = try await world.engine.start("a")
            try await world.settled { served(world).last == "serve shop 10.9.0.3" }
            #expect(try await world.engine.get("a").status.health?.status == .healthy)
        }
    }

    @Test func `it is found again by the next agent, keeps its network, and goes`() async throws {
        try await withWorld { world in
            let made = try await world.engine.createService(spec())
            let next = try World(of: world)
            await next.engine.recover()
            #expect(next.deeds == [#"restore lan {"made":"lan"}"#, "serve shop "])
            #expect(try await next.engine.service("shop") == made)
            let held = await next.refusal { try await next.engine.removeNetwork("lan") }
            #expect(held?.code == .networkInUse && held?.message.contains("the service shop") == true)
            let again = await next.refusal { _ = try await next.engine.createService(spec()) }
            #expect(again?.code == .serviceExists)
            try await next.engine.removeService("shop")
            #expect(next.deeds.last == "unserve shop")
            let gone = await next.refusal { _ = try await next.engine.service("shop") }
            #expect(gone?.code == .serviceNotFound)
            let left = try world.names("state/services")
            #expect(left.isEmpty)
            next.leave()
        }
    }

    @Test func `what can't be is refused, and nothing is left of it`() async throws {
        try await withWorld { world in
            let wrong: [(String, (inout ServiceSpec) -> Void)] = [
                ("selector is empty", { $0.selector = [:] }), ("1 to 64 ports", { $0.ports = [] }),
                ("named twice", { $0.ports += $0.ports }), ("a port is 1 to", { $0.ports = [ServicePort(0)] }),
                ("leads to none", { $0.publish = [PortMapping(hostPort: 80, containerPort: 81)] }),
                ("must be named", { $0.publish = [PortMapping(containerPort: 80)] }),
            ]
            for (text, change) in wrong {
                var spec = try spec()
                change(&spec)
                let asked = spec
                let refusal = await world.refusal { _ = try await world.engine.createService(asked) }
                #expect(refusal?.code == .requestInvalid && refusal?.message.contains(text) == true)
            }
            world.script.fail("serve shop ")
            _ = await world.refusal { _ = try await world.engine.createService(spec()) }
            #expect(await world.engine.serviceViews().isEmpty)
            let left = try world.names("state/services")
            #expect(left.isEmpty)
        }
    }
}
