import DriverHost
import Drivers
import JSON
import Linux
import Model
import Synchronization
import Testing
import Wire

/// The same shared objects, each in a process of its own.
@Suite struct RemoteDriverTests {
    private func settings(_ kind: DriverKind, _ name: String) -> [String: DriverSettings] {
        ["\(kind.rawValue)/\(name)": DriverSettings(run: .process)]
    }

    @Test func `a driver in its own process serves, logs and hands out descriptors`() async throws {
        let drivers = try DriverDirectory()
        try drivers.add("sample", .storage)
        let lines = Mutex<[String]>([])
        let host = drivers.host(settings(.storage, "sample")) { notice in
            if case .log(_, _, let text) = notice { lines.withLock { $0.append(text) } }
        }
        let storage = try host.storage("sample")
        let draft = try await storage.beginLayer(LayerID(String(repeating: "d", count: 64)))
        #expect(try draft.directory.status().kind == .directory)
        #expect(lines.withLock { $0 } == ["sample is open"])
    }

    @Test func `a shipped driver serves from its own process`() async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-none.so", as: "network-none")
        let network = try drivers.host(settings(.network, "none")).network("none")
        for _ in 0..<20 { _ = try await network.attach(sampleAttach) }
        #expect(try await network.status().healthy)
    }

    @Test(arguments: [
        Refusal(fault: "GARBAGE_REPLY", reason: "not JSON"), Refusal(fault: "STRANGE_RESULT", reason: "returned 7"),
        Refusal(fault: "BAD_INDEX", reason: "descriptor"), Refusal(fault: "CLOSED_DESCRIPTOR", reason: "987"),
    ])
    func `an answer that makes no sense is told as such`(_ reply: Refusal) async throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", faults: [reply.fault])
        let network = try drivers.host(settings(.network, "bad")).network("bad")
        let error = await #expect(throws: AgentError.self) { try await network.attach(sampleAttach) }
        #expect(error?.code == .driverBadReply)
        #expect(error?.description.contains(reply.reason) == true, "\(error.debugDescription)")
    }

    @Test func `a crash fails the call under way, and the process is started again`() async throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", faults: ["CRASH_IN_CALL"])
        let host = drivers.host(settings(.network, "bad"))
        let network = try host.network("bad")
        let error = await #expect(throws: AgentError.self) { try await network.attach(sampleAttach) }
        #expect(error?.code == .driverFailed)
        #expect(error?.message.contains("signaled(11)") == true, "\(error.debugDescription)")
        #expect(error?.retryable == true)
        var status: DriverStatus?
        while status == nil { status = try? await network.status() }
        #expect(status?.message == "in C")
    }
}
