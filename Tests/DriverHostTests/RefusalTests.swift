import DriverHost
import Drivers
import Linux
import Model
import Testing
import Wire

/// A way to be refused, and the words that the reason must hold.
struct Refusal: Sendable, CustomTestStringConvertible {
    var fault: String
    var reason: String
    var testDescription: String { fault }
}

@Suite struct RefusalTests {
    static let faults = [
        Refusal(fault: "SIZE", reason: "field `size` is 24"),
        Refusal(fault: "MAGIC", reason: "field `magic` is 0x1234"),
        Refusal(fault: "ABI", reason: "field `abi` is 2; this agent speaks 1"),
        Refusal(fault: "MISSING_FUNCTION", reason: "field `call` is NULL"),
        Refusal(fault: "NO_ENTRY", reason: "no function davit_driver_entry_v1"),
        Refusal(fault: "UNRESOLVED", reason: "nobody_has_this"),
        Refusal(fault: "INNER_MANIFEST", reason: "the manifest inside it is not valid"),
        Refusal(fault: "CRASH_ON_LOAD", reason: "crashed in `load`"),
        Refusal(fault: "CRASH_IN_OPEN", reason: "crashed in `open`"),
        Refusal(fault: "EXIT_IN_OPEN", reason: "ended the process in `open`"),
        Refusal(fault: "OPEN_REFUSES", reason: "no bridge is named"),
        Refusal(fault: "CRASH_IN_DESCRIBE", reason: "crashed in `describe`"),
        Refusal(fault: "DESCRIBE_LIES", reason: "what it says of itself changes: name is"),
    ]

    @Test(arguments: faults, DriverKind.allCases)
    func `a broken driver is refused with its own reason`(_ refusal: Refusal, _ kind: DriverKind) throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", kind, faults: [refusal.fault])
        let host = drivers.host()
        let info = try host.info(kind.rawValue, "bad")
        #expect(info.state == "refused")
        #expect(info.error?.code == .driverRefused)
        #expect(info.error?.message.contains(refusal.reason) == true, "\(info.error.debugDescription)")
    }

    @Test func `a driver that hangs on load is given up`() throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", faults: ["HANG_ON_LOAD"])
        let host = drivers.host(probeDeadline: .milliseconds(300))
        #expect(try host.info("network", "bad").error?.message.contains("hung in `load`") == true)
    }

    @Test func `a bad driver does not keep the good ones out`() async throws {
        let drivers = try DriverDirectory()
        try drivers.add("a", faults: ["CRASH_ON_LOAD"])
        try drivers.add("b")
        try drivers.add("c", faults: ["ABI"])
        let host = drivers.host()
        #expect(host.drivers.map(\.state) == ["ready", "refused", "refused"])
        #expect(try await host.network("b").attach(sampleAttach).addresses == ["10.0.0.2/8"])
    }

    struct Lie: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout DriverManifest) -> Void
        var reason: String

        init(_ name: String, _ reason: String, _ change: @escaping @Sendable (inout DriverManifest) -> Void) {
            testDescription = name
            self.reason = reason
            self.change = change
        }
    }

    static let lies = [
        Lie("kind", "kind is storage in the one, network in the other") { manifest in
            manifest.kind = .storage
            manifest.methods += ["layer.begin", "layer.commit", "layer.remove", "layer.list", "rootfs.prepare"]
            manifest.methods += ["rootfs.release", "usage"]
        },
        Lie("name", "name is liar in the one, bad in the other") { $0.name = "liar" },
        Lie("version", "version is 9.9 in the one") { $0.version = "9.9" },
        Lie("methods", "methods is") { $0.methods.append("fly") },
        Lie("sha256", "its sha256 is") { $0.sha256 = String(repeating: "0", count: 64) },
        Lie("no sha256", "no sha256") { $0.sha256 = nil },
        Lie("concurrency", "concurrency is serial") { $0.concurrency = .serial },
        Lie("a newer abi", "works with ABI 2 to 3; this agent speaks 1") { $0.abi = .init(min: 2, max: 3) },
        Lie("an abi backwards", "works with ABI 3 to 1") { $0.abi = .init(min: 3, max: 1) },
        Lie("a method that is missing", "lacks the methods [\"attach\"]") { $0.methods.removeAll { $0 == "attach" } },
        Lie("a capability", "CAP_MAKE_COFFEE") { $0.needs.capabilities = ["CAP_KILL", "CAP_MAKE_COFFEE"] },
        Lie("an empty name", "name is empty") { $0.name = "" },
    ]

    @Test(arguments: lies) func `a manifest that lies is refused`(_ lie: Lie) throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", change: lie.change)
        let info = try #require(drivers.host().drivers.first)
        #expect(info.state == "refused")
        #expect(info.error?.message.contains(lie.reason) == true, "\(info.error.debugDescription)")
    }

    @Test(arguments: ["{", "[]", #"{"name":"x"}"#, #"{"name":"x","colour":"red"}"#])
    func `a manifest that is none is refused`(_ text: String) throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad")
        try drivers.write("bad.driver.json", text)
        let info = try #require(drivers.host().drivers.first)
        #expect(info.error?.message.contains("its manifest is not valid") == true)
    }

    @Test(arguments: ["bad.so", "bad.driver.json"]) func `a file that others can write is refused`(_ name: String)
        throws
    {
        let drivers = try DriverDirectory()
        try drivers.add("bad")
        try drivers.directory.changeMode(name, 0o666)
        let info = try #require(drivers.host().drivers.first)
        #expect(info.error?.message.contains("\(name) has mode 666") == true)
    }

    @Test func `a directory that others can write is refused`() throws {
        let drivers = try DriverDirectory()
        try drivers.add("good")
        try drivers.directory.descriptor.changeMode(0o777)
        let host = drivers.host()
        #expect(host.drivers.count == 1)
        #expect(host.drivers.first?.error?.message.contains("the directory has mode 777") == true)
    }

    @Test func `a file of another user is refused`() throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad")
        try drivers.directory.changeOwner("bad.so", uid: 12345, gid: 0)
        #expect(drivers.host().drivers.first?.error?.message.contains("bad.so belongs to user 12345") == true)
    }

    @Test func `a manifest without its shared object is refused`() throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad")
        try drivers.directory.remove("bad.so")
        #expect(drivers.host().drivers.first?.error?.message.contains("bad.so can't be opened") == true)
    }

    @Test func `of two drivers with one name the first wins`() throws {
        let drivers = try DriverDirectory()
        let others = try DriverDirectory()
        try drivers.add("same")
        try others.add("same")
        let program = DriverDirectory.products + "/davit-driver-host"
        let host = DriverHost(
            directories: [drivers.path, others.path], configuration: DriverHostConfiguration(probeProgram: program))
        host.load()
        #expect(host.drivers.map(\.state) == ["ready", "refused"])
        #expect(host.drivers.last?.error?.message.contains("was found first") == true)
    }

    @Test func `a driver that nobody knows is not found`() throws {
        let host = try DriverDirectory().host()
        #expect { try host.network("bridge") } throws: { ($0 as? AgentError)?.code == .driverNotFound }
        #expect { try host.info("storage", "x") } throws: { ($0 as? AgentError)?.code == .driverNotFound }
    }

    @Test func `a refused driver is refused by name with its reason`() throws {
        let drivers = try DriverDirectory()
        try drivers.add("bad", faults: ["MAGIC"])
        let host = drivers.host()
        #expect { try host.network("bad") } throws: { ($0 as? AgentError)?.code == .driverRefused }
    }
}
