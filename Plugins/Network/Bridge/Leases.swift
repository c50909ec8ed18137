/// Which numbers of the network are taken. The addresses come from the number.
struct Leases: Sendable {
    private let hosts: ClosedRange<UInt32>
    private var taken: Set<UInt32> = []
    /// Numbers given back not long ago, the oldest first. They are given again last: somebody may still know the
    /// address as that of another container.
    private var resting: [UInt32] = []

    private static let mostResting = 256

    init(_ hosts: ClosedRange<UInt32>) { self.hosts = hosts }

    var capacity: Int { hosts.count }
    var count: Int { taken.count }

    /// The lowest free number that does not rest, or the one that has rested longest; nil when all are taken.
    mutating func take() -> UInt32? {
        let resting = Set(resting)
        if let fresh = hosts.first(where: { !taken.contains($0) && !resting.contains($0) }) {
            taken.insert(fresh)
            return fresh
        }
        guard let rested = self.resting.first else { return nil }
        self.resting.removeFirst()
        taken.insert(rested)
        return rested
    }

    /// Takes a number that a container had before, or asks for, which may lie beyond those that are given by themselves;
    /// false when it is taken already.
    mutating func take(_ number: UInt32) -> Bool {
        guard taken.insert(number).inserted else { return false }
        resting.removeAll { $0 == number }
        return true
    }

    /// Idempotent.
    mutating func giveBack(_ number: UInt32) {
        guard taken.remove(number) != nil, hosts.contains(number) else { return }
        resting.append(number)
        if resting.count > Self.mostResting { resting.removeFirst() }
    }
}
