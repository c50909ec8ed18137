public import LaunchPlan
public import Linux
public import Model

/// Starts monitors and finds them again. The engine's hands on processes; a fake one in tests starts nothing.
public protocol Launcher: Sendable {
    /// Starts a monitor with this plan. Reports come later, on the engine's executor, in the order they happened.
    func launch(_ order: LaunchOrder, report: @escaping @Sendable (MonitorReport) -> Void) async throws -> any Watch
    /// Takes up the monitor of a container that an earlier agent started; `nil` when there is none alive.
    func adopt(
        _ run: RunDirectory, report: @escaping @Sendable (MonitorReport) -> Void
    ) throws -> Adopted?
}

/// A monitor that was found alive.
public struct Adopted: Sendable {
    public var pid: Int
    /// Nanoseconds since 1970.
    public var startedAt: Int64
    /// `nil` when the main process has ended and its monitor is about to say so.
    public var process: Pidfd?
    public var watch: any Watch

    public init(pid: Int, startedAt: Int64, process: Pidfd?, watch: any Watch) {
        self.pid = pid
        self.startedAt = startedAt
        self.process = process
        self.watch = watch
    }
}

/// All that one launch needs.
public struct LaunchOrder: Sendable {
    public var plan: LaunchPlan
    /// The plan's descriptors, in its order.
    public var descriptors: [Descriptor]

    public init(plan: LaunchPlan, descriptors: [Descriptor]) {
        self.plan = plan
        self.descriptors = descriptors
    }
}

/// What a monitor has to say.
public enum MonitorReport: Sendable {
    case launched(pid: Int, process: Pidfd)
    case failed(step: Int, errno: Errno)
    case exited(ExitRecord)
    /// The monitor is gone; nothing more will come. Harmless after `exited`.
    case gone
}
