import Linux
import Netlink

/// The thread that hears when somebody else changes the rules, and puts ours back.
final class RuleWatch: Sendable {
    private let ending: Descriptor
    private let repairs: Guarded<Repairs>

    private struct Repairs {
        var count = 0
        /// Why the last attempt came to nothing; nil when all is well.
        var failure: String?
    }

    /// Others often change much in many steps; we wait for a little quiet, and are still back within a second.
    private static let quiet = Duration.milliseconds(50)
    private static let pause = Duration.milliseconds(500)

    init(_ firewall: Firewall, in namespace: Descriptor?) throws {
        let monitor = try NetlinkMonitor([.rules], in: namespace)
        let (reader, writer) = try Pipe().ends()
        let repairs = Guarded(Repairs())
        try Thread.start("network-rules") {
            Self.work(firewall, monitor, reader, repairs)
        }
        (ending, self.repairs) = (writer, repairs)
    }

    /// How often the rules were put back.
    var count: Int { repairs.withLock { $0.count } }
    var failure: String? { repairs.withLock { $0.failure } }

    /// Ends with the last writer of the pipe, which is ours.
    private static func work(
        _ firewall: Firewall, _ monitor: NetlinkMonitor, _ end: Descriptor, _ repairs: Guarded<Repairs>
    ) {
        while let isHeard = next(monitor.descriptor, end, isPatient: repairs.withLock { $0.failure == nil }) {
            if isHeard {
                if (try? end.waitReadable(milliseconds: milliseconds(quiet))) != false { return }
                // What it was does not matter; also that some of it was lost does not.
                _ = try? monitor.events()
            }
            do {
                let isHealed = try firewall.heal()
                repairs.withLock { repairs in
                    repairs.count += isHealed ? 1 : 0
                    repairs.failure = nil
                }
            } catch { repairs.withLock { $0.failure = "\(error)" } }
        }
    }

    /// Blocks until there is something to do; true when it was heard of, nil at the end. Without patience it is not
    /// waited for long.
    private static func next(_ monitor: Descriptor, _ end: Descriptor, isPatient: Bool) -> Bool? {
        if !isPatient {
            return (try? end.waitReadable(milliseconds: milliseconds(pause))) == false ? false : nil
        }
        guard let ready = try? Poll.readable([monitor.rawValue, end.rawValue]), !ready[1] else { return nil }
        return true
    }

    private static func milliseconds(_ duration: Duration) -> Int32 {
        Int32(clamping: duration.components.attoseconds / 1_000_000_000_000_000)
    }
}
