import Model

/// Which container has which number of the network; its addresses come from that.
struct Leases: Sendable {
    private let hosts: ClosedRange<UInt32>
    private var numbers: [ContainerID: UInt32] = [:]
    private var taken: Set<UInt32> = []
    /// Numbers given back not long ago, the oldest first. They are given again last: somebody may still know the
    /// address as that of another container.
    private var resting: [UInt32] = []

    private static let mostResting = 256

    init(_ hosts: ClosedRange<UInt32>) { self.hosts = hosts }

    var count: Int { numbers.count }
    var capacity: Int { hosts.count }

    /// The lowest free number that does not rest, or the one that has rested longest; nil when all are taken.
    /// Idempotent.
    mutating func take(for container: ContainerID) -> UInt32? {
        if let number = numbers[container] { return number }
        let resting = Set(resting)
        let fresh = hosts.first { !taken.contains($0) && !resting.contains($0) }
        guard let number = fresh ?? self.resting.first else { return nil }
        if fresh == nil { self.resting.removeFirst() }
        hold(number, container)
        return number
    }

    /// Takes a number that a container had before; false when another one has it. Idempotent.
    mutating func restore(_ number: UInt32, for container: ContainerID) -> Bool {
        guard hosts.contains(number), !taken.contains(number) || numbers[container] == number else { return false }
        resting.removeAll { $0 == number }
        hold(number, container)
        return true
    }

    /// Idempotent.
    mutating func release(_ container: ContainerID) {
        guard let number = numbers.removeValue(forKey: container) else { return }
        taken.remove(number)
        resting.append(number)
        if resting.count > Self.mostResting { resting.removeFirst() }
    }

    private mutating func hold(_ number: UInt32, _ container: ContainerID) {
        numbers[container] = number
        taken.insert(number)
    }
}
