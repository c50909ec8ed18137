import Model

/// Hands out blocks of host ids, the lowest free one first, so that caches keyed by block stay small.
struct IDPool {
    let base: UInt32
    let blocks: Int
    private var used: Set<Int> = []
    /// No block below this index is free.
    private var hint = 0

    init(base: UInt32, blocks: Int) {
        self.base = base
        self.blocks = blocks
    }

    mutating func take() throws(AgentError) -> IDRange {
        while hint < blocks, used.contains(hint) { hint += 1 }
        guard hint < blocks else {
            throw AgentError(
                .hostFailed, "all \(blocks) blocks of user ids are in use: raise userns.blocks in davitd.json",
                retryable: true)
        }
        used.insert(hint)
        defer { hint += 1 }
        return IDRange(base: base + UInt32(hint) * 65536)
    }

    /// Marks a block that a container from before the agent's start has.
    mutating func claim(_ range: IDRange) {
        if let index = index(of: range) { used.insert(index) }
    }

    mutating func give(_ range: IDRange) {
        guard let index = index(of: range) else { return }
        used.remove(index)
        hint = min(hint, index)
    }

    private func index(of range: IDRange) -> Int? {
        guard range.base >= base, (range.base - base) % 65536 == 0 else { return nil }
        return Int((range.base - base) / 65536)
    }
}
