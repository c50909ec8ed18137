import Model

/// Which ports a container shall have: those it has that are still wished for, and new ones.
struct PortChoice {
    /// What it has that no wish was granted with yet, by the host's numbers and by the container's.
    private var outer: [PublishedPort.Number: [PublishedPort]]
    private var inner: [PublishedPort.Number: [PublishedPort]]
    private var taken: Set<PublishedPort> = []
    private var chosen: [PublishedPort.Number: [PublishedPort]] = [:]
    private(set) var stay: [PublishedPort] = []
    private(set) var added: [PublishedPort] = []

    init(_ present: [PublishedPort]) {
        outer = Dictionary(grouping: present, by: \.number)
        inner = Dictionary(grouping: present, by: \.innerNumber)
    }

    /// Grants a wish with what is there; false where that is not all of it.
    mutating func keep(_ wish: PortWishes.Wish) -> Bool {
        let own = candidates(for: wish).filter { wish.places.contains($0.place) && !taken.contains($0) }
        guard let first = own.first else { return false }
        let same = own.filter { $0.hostPort == first.hostPort }
        guard same.count == wish.places.count else { return false }
        taken.formUnion(same)
        stay += same
        note(same)
        return true
    }

    mutating func add(_ ports: [PublishedPort]) {
        added += ports
        note(ports)
    }

    /// Whether one of them excludes this one.
    func excludes(_ port: PublishedPort) -> Bool {
        chosen[port.number]?.contains { $0.conflicts(with: port) } ?? false
    }

    private mutating func note(_ ports: [PublishedPort]) {
        for port in ports { chosen[port.number, default: []].append(port) }
    }

    private func candidates(for wish: PortWishes.Wish) -> [PublishedPort] {
        let (transport, mapping) = (wish.mapping.transport, wish.mapping)
        let container = UInt16(truncatingIfNeeded: mapping.containerPort)
        guard let host = mapping.hostPort else {
            return inner[PublishedPort.Number(transport, container)] ?? []
        }
        let own = outer[PublishedPort.Number(transport, UInt16(truncatingIfNeeded: host))] ?? []
        return own.filter { $0.containerPort == container }
    }
}
