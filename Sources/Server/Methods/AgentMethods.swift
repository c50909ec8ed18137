internal import DriverHost
internal import Engine
internal import Images
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// What only the program that assembles the agent can answer.
public struct AgentHandle: Sendable {
    public var version: String
    public var systemd: Bool
    public var stateDirectory: String
    public var runDirectory: String
    /// What isolation this host lacks.
    public var missing: @Sendable () async -> [String]
    /// Reads the configuration again and answers the keys that need a restart; throws `config.invalid`.
    public var reload: @Sendable () async throws -> [String]

    public init(
        version: String, systemd: Bool, stateDirectory: String, runDirectory: String,
        missing: @escaping @Sendable () async -> [String], reload: @escaping @Sendable () async throws -> [String]
    ) {
        self.version = version
        self.systemd = systemd
        self.stateDirectory = stateDirectory
        self.runDirectory = runDirectory
        self.missing = missing
        self.reload = reload
    }
}

struct AgentMethods {
    let agent: AgentHandle
    let drivers: DriverHost
    let engine: Engine
    let images: ImageCatalog

    @Loop func register(on router: Router) {
        let (agent, drivers) = (agent, drivers)
        router.on(SystemInfo.self) { _, _ in try await info() }
        router.on(DriverList.self) { _, _ in DriverList.Result(drivers: drivers.drivers) }
        router.on(DriverGet.self) { params, _ in try await drivers.details(params.kind, params.name) }
        router.on(DaemonReload.self) { _, _ in DaemonReload.Result(restartNeeded: try await agent.reload()) }
    }

    private func info() async throws -> SystemInfo.Result {
        let containers = await engine.list()
        let kernel = try Directory(path: "/proc/sys/kernel").read("osrelease", limit: 256)
        return SystemInfo.Result(
            version: agent.version, pid: Int(Process.pid),
            kernel: String(decoding: kernel.dropLast(), as: UTF8.self), architecture: Platform.current.architecture,
            systemd: agent.systemd, cgroup: await engine.cgroups.path,
            controllers: await engine.cgroups.controllers.sorted(), stateDirectory: agent.stateDirectory,
            runDirectory: agent.runDirectory, containers: containers.count,
            running: containers.count { $0.status.phase == .running }, images: await images.store.list().count,
            missing: await agent.missing())
    }
}
