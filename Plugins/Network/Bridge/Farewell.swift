import Linux

/// Lets go of namespaces, many at once: the kernel takes as long to end twenty-five as to end a few.
///
/// With the last descriptor of a namespace go its links, and with these their other ends on the host. A link is never
/// deleted by itself: that takes 34 ms (design: kernel-facts.md section 6).
final class Farewell: Sendable {
    private let gathering: Gathering<Descriptor>

    init() throws {
        gathering = try Gathering("network-ends", .init(patience: .milliseconds(50), most: 25)) { namespaces in
            // The last reference, and so the descriptor, goes here.
            withExtendedLifetime(namespaces) {}
        }
    }

    /// Ends the thread, when it has let go of all.
    func stop() { gathering.stop() }

    func take(_ namespace: Descriptor) { gathering.take([namespace]) }
}
