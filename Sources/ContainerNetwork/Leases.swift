/// Which numbers of the network are taken. The addresses come from the number.
public struct Leases: Sendable {
    private let hosts: ClosedRange<UInt32>
    private var taken: Set<UInt32> = []
    /// Numbers given back not long ago, the oldest first. They are given again last: somebody may still know the
    /// address as that of another container.
    private var resting: [UInt32] = []

    private static let mostResting = 256

    public init(_ hosts: ClosedRange<UInt32>) { self.hosts = hosts }

    public var capacity: Int { hosts.count }
    public var count: Int { taken.count }

    /// The lowest free number that does not rest, or the one that has rested longest; nil when all are taken.
    ///
    /// - Parameter others: Numbers that are somebody else's.
    public mutating func take(besides others: Set<UInt32> = []) -> UInt32? {
        let unwanted = others.union(resting)
        if let fresh = hosts.first(where: { !taken.contains($0) && !unwanted.contains($0) }) {
            taken.insert(fresh)
            return fresh
        }
        guard let index = resting.firstIndex(where: { !others.contains($0) }) else { return nil }
        let rested = resting.remove(at: index)
        taken.insert(rested)
        return rested
    }

    /// Takes a number that a container had before, or asks for, which may lie beyond those that are given by themselves;
    /// false when it is taken already.
    public mutating func take(_ number: UInt32) -> Bool {
        guard taken.insert(number).inserted else { return false }
        resting.removeAll { $0 == number }
        return true
    }

    /// Idempotent.
    public mutating func giveBack(_ number: UInt32) {
        guard taken.remove(number) != nil, hosts.contains(number) else { return }
        resting.append(number)
        if resting.count > Self.mostResting { resting.removeFirst() }
    }
}
