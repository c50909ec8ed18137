/// Lets operations on one container through one after the other, in the order in which they drew their numbers.
final class Turn {
    private var drawn = 0
    private var called = 0
    private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]

    /// A place in the queue. Every number that was drawn must be waited for and given back.
    func draw() -> Int {
        defer { drawn += 1 }
        return drawn
    }

    func wait(for number: Int, isolation: isolated (any Actor)? = #isolation) async {
        guard number != called else { return }
        await withCheckedContinuation { waiter in
            // Looked at again: the loop may have turned between the look above and here.
            if number == called { waiter.resume() } else { waiters[number] = waiter }
        }
    }

    func take(isolation: isolated (any Actor)? = #isolation) async { await wait(for: draw()) }

    func give() {
        called += 1
        waiters.removeValue(forKey: called)?.resume()
    }
}

/// A turn for each name: what is done with one thing comes one after the other; different things don't wait for one
/// another.
struct Turns<Name: Hashable> {
    private struct Entry {
        let turn = Turn()
        var users = 0
    }

    private var entries: [Name: Entry] = [:]

    mutating func enter(_ name: Name) -> Turn {
        entries[name, default: Entry()].users += 1
        return entries[name, default: Entry()].turn
    }

    mutating func leave(_ name: Name) {
        guard var entry = entries[name] else { return }
        entry.turn.give()
        entry.users -= 1
        entries[name] = entry.users == 0 ? nil : entry
    }
}
