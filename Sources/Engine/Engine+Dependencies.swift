internal import Model

extension Engine {
    /// To be called whenever the state, `ready` or `health` of a container has changed: wakes whoever waits for that.
    func changed(_ container: Container) {
        changes += 1
        let waiters = changeWaiters
        changeWaiters = [:]
        for waiter in waiters.values { waiter.resume() }
    }

    /// Waits until a look at the containers gives true; looks again after every change of any.
    func change(until condition: () throws -> Bool) async throws {
        while try !condition() {
            await nextChange(after: changes)
            try Task.checkCancellation()
        }
    }

    private func nextChange(after seen: Int) async {
        let token = newToken()
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                // Looked at again: the loop may have turned between the look above and here.
                if changes != seen || Task.isCancelled { waiter.resume() } else { changeWaiters[token] = waiter }
            }
        } onCancel: {
            later { await self.stopWaitingForChange(token) }
        }
    }

    private func stopWaitingForChange(_ token: Int) { changeWaiters.removeValue(forKey: token)?.resume() }
}
