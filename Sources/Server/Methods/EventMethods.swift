internal import Engine
internal import Model
internal import Systemd
internal import Wire

struct EventMethods {
    let engine: Engine

    @Loop func register(on router: Router) {
        let engine = engine
        router.on(EventsSubscribe.self) { params, context in
            var cursor = try await start(params)
            if params.snapshot ?? false {
                let (containers, now) = await engine.snapshot()
                for container in containers { try await context.emit(.init(container: ContainerInfo(container))) }
                cursor = now
            }
            try await context.emit(.init(ready: cursor))
            while let event = try await engine.event(after: cursor, once: params.once ?? false) {
                cursor = event.cursor
                if params.kinds?.contains(event.kind) ?? true { try await context.emit(.init(event: event)) }
            }
            return Done()
        }
    }

    private func start(_ params: EventsSubscribe.Params) async throws -> Int64 {
        switch params.from ?? "now" {
        case "now": return await engine.snapshot().cursor
        case "oldest": return await engine.oldestCursor()
        case let text:
            guard let cursor = Int64(text) else {
                throw AgentError(.requestInvalid, "from is \"now\", \"oldest\" or a cursor, not \"\(text)\"")
            }
            return cursor
        }
    }
}
