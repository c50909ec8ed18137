public import Model

extension Engine {
    func tell(_ kind: Event.Kind, of container: Container) {
        var event = Event(
            cursor: events.last + 1, time: now(), kind: kind, subject: container.id.description,
            name: container.record.spec.name?.description)
        if kind == .containerExited { event.exit = container.record.exit }
        if kind == .containerFailed { event.error = container.record.error }
        append(event)
    }

    /// Tells of something that is not a container's: an image, a driver.
    public func tell(_ kind: Event.Kind, subject: String, name: String? = nil, error: AgentError? = nil) {
        var event = Event(cursor: events.last + 1, time: now(), kind: kind, subject: subject, name: name)
        event.error = error
        append(event)
    }

    func tell(_ kind: Event.Kind, subject: String, name: String?, _ complete: (inout Event) -> Void) {
        var event = Event(cursor: events.last + 1, time: now(), kind: kind, subject: subject, name: name)
        complete(&event)
        append(event)
    }

    private func append(_ event: Event) {
        events.append(event)
        let waiters = eventWaiters
        eventWaiters = [:]
        for waiter in waiters.values { waiter.resume() }
    }

    /// The containers as they are, and the cursor after which the changes to exactly this state come.
    public func snapshot() -> (containers: [ContainerView], cursor: Int64) { (list(), events.last) }

    /// The cursor from which on everything can still be read.
    public func oldestCursor() -> Int64 { events.oldest }

    /// The next event after the cursor; waits for it unless `once`, and then answers `nil` when there is none yet.
    public func event(after cursor: Int64, once: Bool) async throws -> Event? {
        var found = try events.next(after: cursor)
        while found == nil, !once {
            await untilEvent(after: cursor)
            try Task.checkCancellation()
            found = try events.next(after: cursor)
        }
        return found
    }

    private func untilEvent(after cursor: Int64) async {
        let token = newToken()
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                // Looked at again: the loop may have turned since, and the event have come.
                if events.last > cursor || Task.isCancelled { waiter.resume() } else { eventWaiters[token] = waiter }
            }
        } onCancel: {
            later { await self.stopWaiting(token) }
        }
    }

    private func stopWaiting(_ token: Int) { eventWaiters.removeValue(forKey: token)?.resume() }
}
