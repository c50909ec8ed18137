internal import DriverHost
internal import Drivers
internal import Engine
internal import JSON
internal import Model
internal import Systemd

/// What drivers say goes to the journal at once; what happens to their health, and to networks, becomes an event, told when
/// the engine is there to tell it. The journal is written from the events.
struct DriverNotices: Sendable {
    private struct Change: Sendable {
        var kind: Event.Kind
        var subject: String
        var error: AgentError?
    }

    private let changes: AsyncStream<Change>
    private let sink: AsyncStream<Change>.Continuation

    init() { (changes, sink) = AsyncStream.makeStream() }

    /// From any thread; never blocks.
    func take(_ notice: DriverNotice) {
        switch notice {
        case .log(let driver, let level, let text):
            Journal.send(text, Journal.Priority(rawValue: Int(level)) ?? .info, fields: ["DAVIT_DRIVER": driver])
        case .event(let driver, let value):
            if driver.hasPrefix("network/"), let notice = try? value.decode(NetworkNotice.self, unknownKeys: .ignore) {
                let kind: Event.Kind = notice.event == .conflict ? .networkConflict : .networkClear
                sink.yield(Change(kind: kind, subject: notice.network.description, error: notice.error))
            } else {
                Journal.send(String(json: value), .debug, fields: ["DAVIT_DRIVER": driver])
            }
        case .unhealthy(let driver, let error):
            sink.yield(Change(kind: .driverUnhealthy, subject: driver, error: error))
        case .healthyAgain(let driver):
            sink.yield(Change(kind: .driverHealthy, subject: driver))
        }
    }

    /// Until the task is cancelled.
    func keepTelling(_ engine: Engine) async {
        for await change in changes { await engine.tell(change.kind, subject: change.subject, error: change.error) }
    }
}
