import Drivers
import JSON
import LaunchPlan
import Linux
import Model
import Synchronization
import Testing

@testable import Engine

/// An engine with a real ledger and real cgroups; drivers, images, monitors and the event loop are played.
final class World: Sendable {
    let directory: String
    let script = Script()
    let line: Line
    let engine: Engine
    let ledger: Ledger
    let cgroups: CgroupTree
    let cgroup: String
    private let parts: Engine.Parts
    private let service: Task<Void, Never>

    static let settings = Engine.Settings(firstID: 524_288, idBlocks: 4, log: LogBounds(bytes: 1 << 20, files: 3))

    init(
        of previous: World? = nil, launcher: (any Launcher)? = nil, names: NameBoard? = nil,
        settings: Engine.Settings = World.settings
    ) throws {
        line = try Line.shared.get()
        let name = "davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
        directory = previous?.directory ?? "/tmp/\(name)"
        cgroup = previous?.cgroup ?? name
        let root = try Directory(path: "/tmp").makeDirectories(String(directory.dropFirst(5)), mode: 0o755)
        ledger = try Ledger(state: root.makeDirectories("state"), run: root.makeDirectories("run"))
        let group = try Self.hierarchy().makeDirectories(cgroup)
        cgroups = try CgroupTree(path: cgroup, root: Cgroup(group.descriptor))
        let reactor = PlayedReactor(script: script, line: line)
        parts = Engine.Parts(
            storage: PlayedStorage(script: script),
            networkDrivers: [
                "none": PlayedNetwork(script: script), "lame": PlayedNetwork(script: script),
                "lan": PlayedLAN(script: script),
            ],
            isolation: PlayedIsolation(script: script), images: PlayedImages(script: script),
            worker: PlayedWorker(),
            launcher: try launcher
                ?? PlayedLauncher(script: script, line: line, program: Directory(path: "/bin").open("sleep").shared()),
            reactor: reactor, ledger: ledger, cgroups: cgroups, names: names,
            complain: { [script] error, _ in script.with { $0.complaints.append(error) } })
        engine = Engine(parts: parts, settings: settings, executor: line)
        service = Task { [engine] in await engine.serve() }
    }

    static func hierarchy() throws -> Directory {
        try (try? Directory(path: "/sys/fs/cgroup/unified")) ?? Directory(path: "/sys/fs/cgroup")
    }

    var reactor: any Reactor { parts.reactor }

    /// As an agent that dies: nothing is cleaned up, and nothing more is done behind the answers.
    func leave() { service.cancel() }

    func end() throws {
        service.cancel()
        let root = Cgroup(try Self.hierarchy().directory(cgroup).descriptor)
        try root.kill()
        for _ in 0..<1000 where try root.isPopulated() { try Self.rest() }
        try Cgroup(Self.hierarchy().descriptor).removeTree(cgroup)
        // A clean-up behind an answer may still write and remove here.
        for _ in 0..<100 {
            do { return try Directory(path: "/tmp").removeTree(String(directory.dropFirst(5))) } catch {
                guard error == .notEmpty || error == .noSuchFile else { throw error }
                try Self.rest()
            }
        }
    }

    /// Five milliseconds. The writer must stay open, or there is no wait.
    private static func rest() throws {
        let ends = try Pipe().ends()
        _ = try ends.reader.waitReadable(milliseconds: 5)
        withExtendedLifetime(ends.writer) {}
    }

    // MARK: Looking

    func names(_ path: String) throws -> [String] { try Directory(path: directory).directory(path).names().sorted() }

    var groups: [ContainerID] { cgroups.groups() }

    /// Waits until what is done behind the answers is done.
    func settled(_ condition: () throws -> Bool) async throws {
        for _ in 0..<500 {
            if try condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it did not come to rest: \(script.deeds)")
    }

    /// Nothing of any run is left.
    func assertNothingRuns() async throws {
        try await settled { try names("run/containers").isEmpty && groups.isEmpty }
        let block = try await engine.takeID()
        #expect(block.base == Self.settings.firstID)
    }
}

/// Runs `body` in a new world and takes it down.
func withWorld(_ body: (World) async throws -> Void) async throws {
    let world = try World()
    do { try await body(world) } catch {
        try world.end()
        throw error
    }
    try world.end()
}

extension Engine {
    fileprivate func takeID() throws -> IDRange { try ids.take() }
}

extension ContainerSpec {
    static func test(_ name: String? = nil, remove: Bool = false) throws -> ContainerSpec {
        var spec = ContainerSpec(image: "image")
        spec.name = try name.map { try ContainerName($0) }
        spec.command = ["sleep"]
        spec.remove = remove
        return spec
    }
}

/// What the players shall do, and what they did.
final class Script: Sendable {
    struct State {
        var deeds: [String] = []
        var complaints: [AgentError] = []
        /// Deeds that fail.
        var failing: Set<String> = []
        /// What the driver of a network says that the host has.
        var resolvConf = ""
        var config = ImageConfig()
        var steps: [LaunchStep] = [.exec(path: "sleep", arguments: ["sleep"], environment: [])]
        var namespaces: Namespaces = [.user, .mount, .pid]
        var maps: [IDMap] = []
        var settings: [CgroupSetting] = []
        /// What a monitor says instead of carrying out its plan.
        var words: [MonitorReport]?
        var handles: [ContainerHandle] = []
        /// What the network was told last.
        var labels: [String: String] = [:]
        var valid: Set<ContainerID> = []
        /// The longer pauses that have not gone by, by the order in which they began.
        var alarms: [Int: @Sendable () -> Void] = [:]
        var lastAlarm = 0
        /// All pauses, in their order.
        var pauses: [Duration] = []
        var timers: [@Sendable () -> Void] { alarms.sorted { $0.key < $1.key }.map(\.value) }
        /// What execs were planned.
        var execs: [ProcessSpec] = []
        /// The targets of the mounts that the last plan was asked for.
        var targets: [String] = []
        var volumes: [VolumeName: Volume] = [:]
        var settled: Set<VolumeName> = []
    }

    private let state = Mutex(State())

    func with<Result>(_ body: (inout sending State) -> sending Result) -> sending Result { state.withLock(body) }

    var deeds: [String] { state.withLock { $0.deeds } }
    var execs: [ProcessSpec] { state.withLock { $0.execs } }
    var complaints: [AgentError] { state.withLock { $0.complaints } }
    func fail(_ deed: String) { state.withLock { _ = $0.failing.insert(deed) } }

    func act(_ deed: String) throws {
        let fails = state.withLock { state in
            state.deeds.append(deed)
            return state.failing.contains(deed)
        }
        if fails { throw AgentError(.driverFailed, "\(deed) was to fail") }
    }
}
