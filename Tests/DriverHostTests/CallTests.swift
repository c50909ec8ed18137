import DriverHost
import Drivers
import JSON
import LaunchPlan
import Linux
import Model
import Synchronization
import Testing
import Wire

@Suite struct CallTests {
    @Test func `a driver in plain C serves`() async throws {
        let drivers = try DriverDirectory()
        try drivers.add("sample")
        let network = try drivers.host().network("sample")
        let attachment = try await network.attach(sampleAttach)
        #expect(attachment.addresses == ["10.0.0.2/8"])
        #expect(attachment.handle == ["made": "in C"])
        try await network.detach(sampleDetach)
        #expect(try await network.status().message == "in C")
        #expect(try await network.collect(valid: [sampleContainer]) == ["something"])
        try await network.recover([ContainerHandle(container: sampleContainer, handle: attachment.handle)])
    }

    @Test func `a descriptor comes out of a driver`() async throws {
        let drivers = try DriverDirectory()
        try drivers.add("sample", .storage)
        let layer = try LayerID(String(repeating: "a", count: 64))
        let draft = try await drivers.host().storage("sample").beginLayer(layer)
        #expect(try draft.directory.status().kind == .directory)
    }

    static let badReplies = [
        Refusal(fault: "GARBAGE_REPLY", reason: "not JSON"), Refusal(fault: "NO_REPLY", reason: "holds no JSON"),
        Refusal(fault: "GARBAGE_OBJECT", reason: ""), Refusal(fault: "STRANGE_RESULT", reason: "it returned 7"),
        Refusal(fault: "BAD_INDEX", reason: "descriptor"),
        Refusal(fault: "CLOSED_DESCRIPTOR", reason: "descriptor 987, which is not open"),
        Refusal(fault: "TOO_MANY_DESCRIPTORS", reason: "brings 40 descriptors"),
    ]

    @Test(arguments: badReplies, DriverKind.allCases)
    func `an answer that makes no sense is told as such`(_ reply: Refusal, _ kind: DriverKind) async throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", kind, faults: [reply.fault])
        let host = drivers.host()
        let error = await #expect(throws: AgentError.self) { try await callOnce(host, kind, "bad") }
        #expect(error?.code == .driverBadReply)
        #expect(error?.description.contains(reply.reason) == true, "\(error.debugDescription)")
        #expect(try host.info(kind.rawValue, "bad").state == "ready")
    }

    @Test func `an error with a code of the driver's own keeps its words`() async throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", faults: ["UNKNOWN_ERROR"])
        let network = try drivers.host().network("bad")
        let error = await #expect(throws: AgentError.self) { try await network.attach(sampleAttach) }
        #expect(error?.code == .driverFailed)
        #expect(error?.message == "weather.bad: it rains")
    }

    @Test(arguments: DriverKind.allCases)
    func `hanging calls time out, make a driver unhealthy, and its answer heals it`(_ kind: DriverKind) async throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", kind, faults: ["HANG_IN_CALL"])
        let notices = Mutex<[String]>([])
        let settings = DriverSettings(deadlineMilliseconds: 30)
        let host = drivers.host(["\(kind.rawValue)/bad": settings]) { notice in
            switch notice {
            case .unhealthy(let driver, let error): notices.withLock { $0.append("\(driver) \(error.code.rawValue)") }
            case .healthyAgain(let driver): notices.withLock { $0.append("\(driver) is healthy") }
            case .log, .event: break
            }
        }
        for _ in 0..<3 {
            let error = await #expect(throws: AgentError.self) { try await callOnce(host, kind, "bad") }
            #expect(error?.code == .driverTimeout)
        }
        let error = await #expect(throws: AgentError.self) { try await callOnce(host, kind, "bad") }
        #expect(error?.code == .driverUnhealthy)
        let info = try host.info(kind.rawValue, "bad")
        #expect(info.state == "unhealthy")
        #expect(info.timeouts == 3)
        #expect(notices.withLock { $0 } == ["\(kind.rawValue)/bad driver.unhealthy"])
        while try host.info(kind.rawValue, "bad").state == "unhealthy" { await host.heal() }
        #expect(try host.info(kind.rawValue, "bad").error == nil)
        #expect(notices.withLock { $0.dropFirst() } == ["\(kind.rawValue)/bad is healthy"])
    }

    @Test(arguments: [false, true]) func `a hundred calls at once are all answered`(_ serial: Bool) async throws {
        let drivers = try DriverDirectory()
        try drivers.add("sample", serial: serial)
        let host = drivers.host()
        let network = try host.network("sample")
        let addresses = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<100 { group.addTask { try await network.attach(sampleAttach).addresses } }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(addresses.count == 100)
        #expect(try host.info("network", "sample").calls == 100)
    }

    @Test func `what a driver logs reaches the agent, and its first call opens it`() async throws {
        let drivers = try DriverDirectory()
        try drivers.add("sample")
        let lines = Mutex<[String]>([])
        let host = drivers.host { notice in
            if case .log(let driver, let level, let text) = notice {
                lines.withLock { $0.append("\(driver) \(level) \(text)") }
            }
        }
        #expect(lines.withLock { $0 } == [])
        for _ in 0..<2 { _ = try await host.network("sample").status() }
        #expect(lines.withLock { $0 } == ["network/sample 6 sample is open"])
    }

    @Test func `a driver that keeps nothing is not opened to recover or to collect`() async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-none.so", as: "first")
        // A file of its own: to write the manifest, the first was loaded here.
        try run(
            "/bin/sh",
            ["-c", "cd \(drivers.path); cp first.so none.so; rm first.so; mv first.driver.json none.driver.json"])
        let objects = {
            String(decoding: try Directory(path: "/proc/self").read("maps", limit: 16 << 20), as: UTF8.self)
                .split(separator: "\n")
        }
        let host = drivers.host()
        let network = try host.network("none")
        try await network.recover([])
        #expect(try await network.collect(valid: []) == [])
        #expect(try !objects().contains { $0.hasSuffix("\(drivers.path)/none.so") })
        try await network.detach(sampleDetach)
        #expect(try objects().contains { $0.hasSuffix("\(drivers.path)/none.so") })
    }

    @Test func `a driver that can't be opened after all is refused by its first call`() async throws {
        let drivers = try DriverDirectory()
        let cache = drivers.path + "/probes.json"
        try drivers.add("sample")
        #expect(drivers.host(cache: cache).drivers.first?.state == "ready")
        let host = drivers.host(cache: cache)
        try Self.spoil(drivers)
        for _ in 0..<2 {
            let error = await #expect(throws: AgentError.self) { _ = try await host.network("sample").status() }
            #expect(error?.code == .driverRefused)
            #expect(error?.message.contains("\(drivers.path)/sample.so") == true)
        }
        #expect(try host.info("network", "sample").state == "refused")
    }

    /// Cuts the object off under the agent that has it open.
    private static func spoil(_ drivers: DriverDirectory) throws {
        try run("/bin/sh", ["-c", "echo nonsense > \(drivers.path)/sample.so"])
    }

    @Test func `a driver that was tried out once is not tried again until it changes`() throws {
        let drivers = try DriverDirectory()
        let cache = drivers.path + "/probes.json"
        try drivers.add("sample")
        #expect(drivers.host(cache: cache).drivers.first?.state == "ready")
        #expect(drivers.host(cache: cache, probeProgram: "/nowhere").drivers.first?.state == "ready")
        try drivers.write("probes.json", "damaged")
        let refused = drivers.host(cache: cache, probeProgram: "/nowhere").drivers.first
        #expect(refused?.error?.message.contains("can't be tried out with /nowhere") == true)
        #expect(drivers.host(cache: cache).drivers.first?.state == "ready")
        try drivers.add("sample", faults: ["NO_REPLY"])
        #expect(drivers.host(cache: cache, probeProgram: "/nowhere").drivers.first?.state == "refused")
    }
}

/// One plain call of a kind's own.
func callOnce(_ host: DriverHost, _ kind: DriverKind, _ name: String) async throws {
    switch kind {
    case .storage: _ = try await host.storage(name).beginLayer(LayerID(String(repeating: "a", count: 64)))
    case .network: _ = try await host.network(name).attach(sampleAttach)
    case .isolation:
        let file = try Directory(path: "/").descriptor
        _ = try await host.isolation(name).plan(
            PlanRequest(
                container: sampleContainer,
                process: ProcessSpec(
                    arguments: ["true"], environment: [], workingDirectory: "/", user: "", hostname: "box",
                    readOnlyRoot: false),
                limits: Limits(), ids: nil, network: .born, root: file, files: file))
    }
}
