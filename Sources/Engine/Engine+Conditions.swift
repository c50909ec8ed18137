public import Model

extension Engine {
    /// Answers when the container's program is so far; throws when that can't come true any more.
    public func wait(_ target: String, for condition: Dependency.Condition) async throws -> ContainerView {
        let container = try find(target)
        try await change { try container.has(condition) }
        return container.view
    }
}

extension Container {
    /// Throws `container.wrong_state` for what can't come true however long one waits.
    fileprivate func has(_ condition: Dependency.Condition) throws(AgentError) -> Bool {
        switch condition {
        case .ready where record.spec.notify == nil: throw never("never tells that it is ready: it needs --notify")
        case .healthy where record.health == nil: throw never("has no health probe")
        case .started, .ready, .healthy: break
        }
        switch life.state.phase {
        case .created: throw never("was not started yet: start it, then wait")
        case .exited, .failed, .removing: throw never("has ended")
        case .running where condition == .started: return true
        case .starting, .running, .stopping, .paused, .restarting, .waiting: break
        }
        return condition == .ready ? ready == true : health?.status == .healthy
    }

    private func never(_ why: String) -> AgentError {
        AgentError(.containerWrongState, "the container \(why)")
    }
}
