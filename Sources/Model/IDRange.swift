/// A block of host ids that one container's ids 0 to count-1 are.
///
/// Default blocks lie in 524288...1878982656, the range that systemd's UIDS-GIDS document sets apart for containers.
public struct IDRange: Sendable, Hashable, Codable {
    public var base: UInt32
    public var count: UInt32

    public init(base: UInt32, count: UInt32 = 65536) {
        self.base = base
        self.count = count
    }
}
