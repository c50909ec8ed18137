/// Who gets which of a service's slots. A packet's slot is counted or hashed, so that every slot must be somebody's: a
/// missing one would be a hole.
struct Slots<Backend: Hashable & Comparable & Sendable>: Sendable, Hashable {
    /// Divides well by what services have: with 64 the shares of 2 to 10 backends differ by a sixth at the most.
    static var count: Int { 64 }

    /// Empty when there is no backend, else one for each slot.
    private(set) var holders: [Backend]

    /// - Parameter holders: those of before; anything but one for each slot is as good as none.
    init(holders: [Backend] = []) { self.holders = holders.count == Self.count ? holders : [] }

    /// Moves as few slots as fair shares allow: those of backends that are gone, and of those that have too many.
    mutating func fill(_ backends: Set<Backend>) {
        guard !backends.isEmpty else {
            holders = []
            return
        }
        // In order, so that the same backends always share in the same way.
        let ordered = backends.sorted()
        var slots: [Backend?] = holders.isEmpty ? Array(repeating: nil, count: Self.count) : holders
        let most = (Self.count + ordered.count - 1) / ordered.count
        var shares = Dictionary(uniqueKeysWithValues: ordered.map { ($0, 0) })
        for (index, holder) in slots.enumerated() {
            guard let holder, let share = shares[holder], share < most else {
                slots[index] = nil
                continue
            }
            shares[holder] = share + 1
        }
        for index in slots.indices where slots[index] == nil {
            guard let poorest = ordered.min(by: { (shares[$0] ?? 0) < (shares[$1] ?? 0) }) else { continue }
            slots[index] = poorest
            shares[poorest, default: 0] += 1
        }
        holders = slots.compactMap { $0 }
        level(ordered, &shares)
    }

    /// Takes from the richest until nobody has two more than another.
    private mutating func level(_ ordered: [Backend], _ shares: inout [Backend: Int]) {
        while let poorest = ordered.min(by: { (shares[$0] ?? 0) < (shares[$1] ?? 0) }),
            let richest = ordered.max(by: { (shares[$0] ?? 0) < (shares[$1] ?? 0) }),
            (shares[richest] ?? 0) - (shares[poorest] ?? 0) > 1, let slot = holders.firstIndex(of: richest)
        {
            holders[slot] = poorest
            shares[richest, default: 0] -= 1
            shares[poorest, default: 0] += 1
        }
    }
}
