public import LaunchPlan
public import Linux
public import Model

/// Starts monitors and finds them again. The engine's hands on processes; a fake one in tests starts nothing.
public protocol Launcher: Sendable {
    /// Starts a monitor with this plan. Reports come later, on the engine's executor, in the order they happened.
    func launch(_ order: LaunchOrder, report: @escaping @Sendable (MonitorReport) -> Void) async throws
        -> any MonitorControl
    /// Takes up the monitor of a container that an earlier agent started; `nil` when there is none alive.
    func adopt(
        _ run: RunDirectory, report: @escaping @Sendable (MonitorReport) -> Void
    ) throws -> Adopted?
}

/// What the agent asks of a monitor, which lives as long as somebody holds this. Nothing here waits or throws: a monitor
/// that is gone has said so.
public protocol MonitorControl: Watch {
    /// Whether it can be asked for anything: not when an agent that was restarted could not take its end of the line
    /// back.
    var hears: Bool { get }
    /// Copies all output from now on: one descriptor for everything, or one for the output and one for the error output
    /// (a terminal has no error output). `number` is 1 or more, and no other that is attached has it.
    /// ``MonitorReport/attached(_:_:)`` answers.
    func attach(_ number: Int, output: [Descriptor])
    /// Ends the copies of this number; 0 are those that the launch began with. Unknown ones are fine.
    func detach(_ number: Int)
    /// Sets the size of the terminal.
    func resize(rows: UInt16, columns: UInt16)
}

extension MonitorControl {
    public var hears: Bool { true }
}

/// A monitor that was found alive.
public struct Adopted: Sendable {
    public var pid: Int
    /// Nanoseconds since 1970.
    public var startedAt: Int64
    /// `nil` when the main process has ended and its monitor is about to say so.
    public var process: Pidfd?
    public var watch: any MonitorControl

    public init(pid: Int, startedAt: Int64, process: Pidfd?, watch: any MonitorControl) {
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
    /// The copies of this number have begun. What is written to the descriptor the program reads; `nil` when it reads
    /// nothing, or something that the monitor doesn't have.
    case attached(Int, Descriptor?)
    /// The monitor is gone; nothing more will come. Harmless after `exited`.
    case gone
}
