import Drivers
import Images
import JSON
import LaunchPlan
import Linux
import Model
import TestSupport

@testable import Engine

struct PlayedStorage: StorageDriver {
    let script: Script

    func beginLayer(_ id: LayerID) async throws -> LayerDraft { throw AgentError(.driverFailed, "not played") }
    func commitLayer(_ id: LayerID) async throws {}
    func removeLayer(_ id: LayerID) async throws {}
    func layers() async throws -> [LayerID] { [] }
    func usage() async throws -> StorageUsage {
        StorageUsage(layerBytes: 0, layers: 0, rootfsBytes: 0, rootfses: 0)
    }

    func prepareRootfs(_ request: RootfsRequest) async throws -> Rootfs {
        try script.act("prepare")
        return Rootfs(mount: try Directory(path: "/").descriptor, handle: .string("root of \(request.container)"))
    }

    func releaseRootfs(_ container: ContainerID) async throws { try script.act("release") }
    func removeRootfs(_ container: ContainerID) async throws { try script.act("remove") }
    func changes(of request: RootfsRequest) async throws -> [RootfsChange] { [] }
    func writtenLayer(of container: ContainerID) async throws -> LayerDraft {
        throw AgentError(.driverFailed, "not played")
    }

    func recover(_ handles: [ContainerHandle]) async throws { script.with { $0.handles = handles } }

    func collect(valid: Set<ContainerID>) async throws -> [String] {
        script.with { $0.valid = valid }
        return []
    }
}

struct PlayedNetwork: NetworkDriver {
    let script: Script

    func attach(_ request: AttachRequest) async throws -> Attachment {
        try script.act("attach")
        guard !request.ports.isEmpty else { return Attachment(namespace: .born) }
        let ports = request.ports.map { port in
            PortMapping(
                address: "0.0.0.0", hostPort: port.hostPort ?? 40000, containerPort: port.containerPort,
                transport: port.transport)
        }
        return Attachment(namespace: .born, addresses: ["10.88.0.2/16"], ports: ports, handle: ["lease": 2])
    }

    func detach(_ request: DetachRequest) async throws { try script.act("detach") }
}

/// A driver whose networks are made, and in which containers have their own namespaces, played by the host's.
struct PlayedLAN: NetworkDriver {
    let script: Script

    func create(_ request: NetworkRequest) async throws -> MadeNetwork {
        try script.act("create \(request.spec.name)")
        return MadeNetwork(
            NetworkState(subnets: ["10.9.0.0/24"], gateways: [request.spec.options["gateway"] ?? "10.9.0.1"]),
            handle: ["made": .string("\(request.spec.name)")])
    }

    func remove(_ network: NetworkName) async throws { try script.act("remove \(network)") }
    func restore(_ networks: [NetworkRequest]) async throws {
        for network in networks { try script.act("restore \(network.spec.name) \(network.handle)") }
    }

    func attach(_ request: AttachRequest) async throws -> Attachment {
        try script.act(
            "attach \(request.network) \(request.interface)\(request.namespace == nil ? "" : " beside")\(request.isWayOut ? " out" : "")"
        )
        script.with { $0.labels = request.labels }
        let addresses = request.connection.addresses?.map { "\($0)/24" } ?? ["10.9.0.2/24"]
        return Attachment(
            namespace: .made(try request.namespace ?? NetworkNamespace.current()), addresses: addresses,
            gateways: ["10.9.0.1"], mac: request.connection.mac, ports: Self.granted(request.ports),
            resolvConf: script.with { $0.resolvConf }, handle: ["on": .string("\(request.network)")])
    }

    func detach(_ request: DetachRequest) async throws {
        try script.act("detach \(request.network)\(request.namespace == nil ? "" : " living")")
    }

    func publish(_ request: PublishRequest) async throws -> Attachment.Changed {
        try script.act("publish \(request.ports.map(\.description).joined(separator: " "))")
        return Attachment.Changed(ports: Self.granted(request.ports), handle: ["on": "changed"])
    }

    private static func granted(_ ports: [PortMapping]) -> [PortMapping] {
        ports.map { port in
            var port = port
            (port.address, port.hostPort) = ("0.0.0.0", port.hostPort ?? 40000)
            return port
        }
    }

    func serve(_ request: ServiceRequest) async throws -> ServedService {
        try script.act("serve \(request.spec.name) \(request.backends.map(\.addresses[0]).joined(separator: " "))")
        return ServedService(addresses: ["10.9.0.200"], handle: ["served": .int(Int64(request.backends.count))])
    }

    func explain(_ target: ConnectionTarget) async throws -> [PortPath] {
        [80, 81, 82].map { PortPath(port: PortMapping(hostPort: 8080, containerPort: $0), steps: []) }
    }

    func enforce(_ policies: [PolicySpec]) async throws {
        try script.act("enforce \(policies.map(\.name.description).joined(separator: " "))")
    }

    func unserve(_ service: ServiceTarget) async throws { try script.act("unserve \(service.service)") }

    func recover(_ handles: [ContainerHandle]) async throws {
        for handle in handles { try script.act("recover \(handle.network?.description ?? "-") \(handle.handle)") }
    }
}

struct PlayedIsolation: IsolationDriver {
    let script: Script

    func check() async throws -> HostCheck { HostCheck(score: 100, missing: []) }

    func plan(_ request: PlanRequest) async throws -> IsolationPlan {
        try script.act("plan")
        return script.with { state in
            state.targets = request.mounts.map(\.target)
            return IsolationPlan(
                plan: LaunchPlan(namespaces: state.namespaces, uidMap: state.maps, run: 0, steps: state.steps),
                descriptors: request.descriptors, cgroup: state.settings)
        }
    }
}

extension PlayedIsolation {
    func planExec(_ request: ExecPlanRequest) async throws -> IsolationPlan {
        try script.act("plan exec")
        return script.with { state in
            state.execs.append(request.process)
            var plan = LaunchPlan(namespaces: [], run: 0, steps: state.steps)
            plan.join = Join(process: 0, namespaces: [.user, .mount, .pid])
            return IsolationPlan(plan: plan, descriptors: request.descriptors, cgroup: [])
        }
    }

    func settings(for limits: Limits, replacing old: Limits) async throws -> [CgroupSetting] {
        script.with { $0.settings }
    }
    func explain(_ request: ExplainRequest) async throws -> Explanation { Explanation(exposure: 0, walls: []) }
}

struct PlayedWorker: ImageWorker {
    func perform(_ job: ImageJob, source: Descriptor, target: Descriptor?) async throws -> ImageJobReply {
        throw AgentError(.hostFailed, "not played")
    }
}

struct PlayedImages: ImageSource {
    let script: Script

    func resolve(_ reference: String) async throws -> ResolvedImage {
        try script.act("resolve \(reference)")
        return ResolvedImage(id: "sha256:image", layers: [], config: script.with { $0.config })
    }
}

/// A monitor for each launch: a thread that waits for a real process in the container's cgroup.
struct PlayedLauncher: Launcher {
    let script: Script
    let line: Line
    let program: Descriptor

    func launch(
        _ order: LaunchOrder, report: @escaping @Sendable (MonitorReport) -> Void
    ) async throws -> any MonitorControl {
        try script.act("launch")
        if let words = script.with({ $0.words }) {
            for word in words { line.say { report(word) } }
            return Attention()
        }
        let cgroup = order.plan.cgroup.map { order.descriptors[$0].rawValue }
        let child = try Process.spawn(
            executable: program.rawValue, arguments: ["sleep", "1000"], environment: [], descriptors: [],
            cgroup: cgroup)
        let pid = Int(child.pid)
        let process = child.shared()
        line.say { report(.launched(pid: pid, process: process)) }
        try Thread.start("test monitor") { [line] in
            let status = try? process.end()
            line.say { report(.exited(ExitRecord(status))) }
            line.say { report(.gone) }
        }
        return Attention()
    }

    func adopt(_ run: RunDirectory, report: @escaping @Sendable (MonitorReport) -> Void) throws -> Adopted? { nil }
}

final class Attention: MonitorControl {
    func attach(_ number: Int, output: [Descriptor]) {}
    func detach(_ number: Int) {}
    func resize(rows: UInt16, columns: UInt16) {}
}

extension ExitRecord {
    init(_ status: ExitStatus?) {
        self.init(status: nil, signal: nil, oom: false, time: 5)
        if case .exited(let code) = status { self.status = Int(code) }
        if case .signaled(let number) = status { signal = Int(number) }
    }
}

/// Short pauses go by by themselves; longer ones when the test says so.
struct PlayedReactor: Reactor {
    let script: Script
    let line: Line

    func watch(_ descriptor: Descriptor, _ handler: @escaping @Sendable () -> Void) throws -> any Watch { Attention() }

    func after(_ delay: Duration, _ handler: @escaping @Sendable () -> Void) throws -> any Watch {
        script.with { $0.pauses.append(delay) }
        guard delay < .seconds(2) else {
            return Alarm(handler, script)
        }
        // At once, but not before it is returned from here.
        try Thread.start("test timer") { [line] in line.say(handler) }
        return Attention()
    }
}

/// A pause that goes by when the test says so, unless it is let go before.
private final class Alarm: Watch {
    private let script: Script
    private let number: Int

    init(_ handler: @escaping @Sendable () -> Void, _ script: Script) {
        self.script = script
        number = script.with { state in
            state.lastAlarm += 1
            state.alarms[state.lastAlarm] = handler
            return state.lastAlarm
        }
    }

    deinit { script.with { $0.alarms[number] = nil } }
}

/// One thread that runs jobs in their order: the engines' executor.
final class Line: SerialExecutor {
    static let shared: Result<Line, any Error> = Result { try Line() }

    private let jobs = Guarded<[UnownedJob]>([])
    private let words = AsyncStream<@Sendable () -> Void>.makeStream()

    private init() throws {
        let stage = Stage(line: self)
        Task { [words] in for await word in words.stream { await stage.perform(word) } }
        try Thread.start("test line") { [self] in
            while true {
                let job = jobs.wait { $0.isEmpty ? nil : $0.removeFirst() }
                unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            }
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        jobs.wakeOne()
    }

    /// Runs `body` on the line's thread, behind what was said before.
    func say(_ body: @escaping @Sendable () -> Void) { words.continuation.yield(body) }

    private actor Stage {
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe line.asUnownedSerialExecutor() }
        private let line: Line
        init(line: Line) { self.line = line }
        func perform(_ body: @Sendable () -> Void) { body() }
    }
}
