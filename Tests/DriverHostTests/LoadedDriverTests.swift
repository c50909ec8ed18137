import Drivers
import JSON
import Linux
import Model
import Synchronization
import Testing
import Wire

@testable import DriverHost

/// A door that keeps every call until it is opened.
final class StuckDoor: DriverDoor {
    private let isOpen = Guarded(false)
    let entered = Atomic<Int>(0)
    let cancelled = Mutex<[UInt64]>([])
    let returned = Guarded(0)
    private let descriptor = Mutex<Descriptor?>(nil)

    init(_ descriptor: Descriptor? = nil) { self.descriptor.withLock { $0 = descriptor } }

    func call(_ request: DriverRequest) throws -> PackedMessage {
        entered.add(1, ordering: .relaxed)
        isOpen.wait { $0 ? true : nil }
        defer {
            returned.withLock { $0 += 1 }
            returned.wakeAll()
        }
        let descriptors = descriptor.withLock { descriptor in
            defer { descriptor = nil }
            return descriptor.map { [$0] } ?? []
        }
        return PackedMessage(object: ["healthy": true, "message": "", "directory": 0], descriptors: descriptors)
    }

    func cancel(_ operation: UInt64) { cancelled.withLock { $0.append(operation) } }

    func open() {
        isOpen.withLock { $0 = true }
        isOpen.wakeAll()
    }
}

@Suite struct LoadedDriverTests {
    private func driver(_ door: any DriverDoor, _ deadline: Duration, serial: Bool = false) -> LoadedDriver {
        let manifest = DriverManifest(
            name: "fake", kind: .storage, version: "1", abi: .init(min: 1, max: 1), methods: ["status", "layer.begin"],
            concurrency: serial ? .serial : .concurrent, needs: .init(), features: [], configSchema: [:], sha256: nil)
        return LoadedDriver(manifest, path: "", door: door, deadline: deadline) { _ in }
    }

    @Test func `a late answer is dropped and its descriptors close`() async throws {
        let (reader, writer) = try Pipe().ends()
        let door = StuckDoor(writer)
        _ = consume writer
        let layer = try LayerID(String(repeating: "b", count: 64))
        // On a busy machine the time may be over before a thread has come to the call.
        while door.entered.load(ordering: .relaxed) == 0 {
            let driver = driver(door, .milliseconds(5))
            let error = await #expect(throws: AgentError.self) { _ = try await driver.call(.beginLayer, layer) }
            #expect(error?.code == .driverTimeout)
            #expect(error?.retryable == true)
        }
        #expect(!door.cancelled.withLock { $0.isEmpty })
        door.open()
        #expect(try reader.read(upTo: 1).isEmpty, "the writing end is closed, so the pipe ends")
    }

    @Test func `a call whose time is over before its turn is never carried out`() async throws {
        let door = StuckDoor()
        let driver = driver(door, .milliseconds(5), serial: true)
        for _ in 0..<3 {
            await #expect(throws: AgentError.self) { _ = try await driver.call(.status, NoValue()) as DriverStatus }
        }
        door.open()
        while driver.info.state == "unhealthy" { _ = try? await driver.call(.status, NoValue()) as DriverStatus }
        // The first one, which hung, and those that healed: not the two that waited behind it.
        #expect(door.returned.withLock { $0 } <= driver.info.calls - 2)
    }

    @Test func `a cancelled task tells the driver`() async throws {
        let door = StuckDoor()
        let driver = driver(door, .seconds(60))
        let task = Task { try await driver.call(.status, NoValue()) as DriverStatus }
        task.cancel()
        while door.cancelled.withLock({ $0.isEmpty }) { await Task.yield() }
        door.open()
        _ = try await task.value
    }

    @Test func `a method that the manifest lacks is not called`() async throws {
        let driver = driver(StuckDoor(), .seconds(60))
        let error = await #expect(throws: AgentError.self) {
            _ = try await driver.call(.usage, NoValue()) as StorageUsage
        }
        #expect(error?.code == .methodUnknown)
    }

    @Test func `three time-outs in a row make a driver unhealthy, and an answer between starts anew`() throws {
        var health = DriverHealth()
        for _ in 0..<2 { #expect(health.timedOut("x") == nil) }
        #expect(health.answered("attach") == nil)
        for _ in 0..<2 { #expect(health.timedOut("x") == nil) }
        let change = health.timedOut("x")
        let error = try #require(health.unhealthy)
        #expect(change == .becameUnhealthy(error))
        #expect(error.code == .driverUnhealthy)
        #expect(error.message.contains("3 calls in a row got no answer in time"))
        #expect(health.timedOut("x") == nil, "it is told once")
        #expect(throws: AgentError.self) { try health.admit("attach") }
        try health.admit("status")
        #expect(health.answered("attach") == nil)
        #expect(health.answered("status") == .becameHealthy)
        try health.admit("attach")
        #expect(health.timeouts == 6)
    }
}
