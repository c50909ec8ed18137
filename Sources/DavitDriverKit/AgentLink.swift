internal import CDavitDriver
public import Drivers
public import JSON

/// What a driver may tell the agent, at any time and from any thread. Nothing here blocks.
@safe public struct AgentLink: Sendable {
    /// As syslog has them.
    public enum Level: Int32, Sendable {
        case error = 3
        case warning = 4
        case info = 6
        case debug = 7
    }

    // Proof: the host's table is constant, its functions are callable from any thread, and it outlives the instance,
    // which is all that holds this link (davit/driver.h).
    private nonisolated(unsafe) let host: UnsafePointer<davit_host>

    init(host: UnsafePointer<davit_host>) { unsafe self.host = host }

    /// Writes one line to the agent's log.
    public func log(_ level: Level, _ text: String) {
        var text = text
        text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return }
                unsafe host.pointee.log(host.pointee.context, level.rawValue, start, characters.count)
            }
        }
    }

    /// Tells what became of a network, which the agent tells on.
    public func tell(_ notice: NetworkNotice) {
        // All of it has a form in JSON.
        if let object = try? JSONValue(encoding: notice) { event(object) }
    }

    /// Tells of something that happened by itself; `object` is a JSON object. What the agent does not know goes to its
    /// log.
    public func event(_ object: JSONValue) {
        var text = object.description
        text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return }
                unsafe host.pointee.event(host.pointee.context, start, characters.count)
            }
        }
    }
}
