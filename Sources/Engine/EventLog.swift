internal import JSON
internal import Model

/// The last events, in memory. A reader keeps a cursor and pulls, so a slow one costs nothing.
struct EventLog {
    /// Enough for some minutes of a busy host; about 200 bytes each.
    static let capacity = 4096

    private var events: [Event] = []
    private var start = 0
    private(set) var last: Int64 = 0

    /// The cursor before the oldest event that is still here.
    var oldest: Int64 { last - Int64(events.count) }

    mutating func append(_ event: Event) {
        last = event.cursor
        guard events.count == Self.capacity else { return events.append(event) }
        events[start] = event
        start = (start + 1) % Self.capacity
    }

    /// The event that follows `cursor`; `nil` when there is none yet; `events.gap` when it is gone.
    func next(after cursor: Int64) throws -> Event? {
        guard cursor >= oldest, cursor <= last else {
            throw AgentError(
                .eventsGap,
                "the events after cursor \(cursor) are gone: subscribe with a snapshot and go on from there",
                details: ["oldest": .int(oldest), "last": .int(last)])
        }
        guard cursor < last else { return nil }
        return events[(start + Int(cursor - oldest)) % events.count]
    }
}
