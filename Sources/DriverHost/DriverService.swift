internal import Glibc
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// A driver in a process of its own: `PROGRAM --serve-driver CONFIGURATION`, with the shared object as descriptor 3 and
/// a socket to the agent as descriptor 4. Ends when the agent does.
enum DriverService {
    static let argument = "--serve-driver"

    /// Serves until the socket closes.
    static func run(configuration: String) throws {
        let socket = Descriptor(owning: 4)
        let library = try DriverLibrary(Descriptor(owning: 3))
        let manifest = library.manifest
        let host = HostTable(driver: manifest.name) { notice in tell(notice, on: socket) }
        let driver = try InProcessDriver(library, configuration: JSONValue(parsing: configuration), host: host)
        let workers = WorkerThreads(name: manifest.name, limit: manifest.threads)
        while let (packet, descriptors) = try DriverPacket.receive(on: socket) {
            if let operation = packet.cancel { driver.cancel(operation) }
            guard let call = packet.call else { continue }
            try workers.submit { carryOut(call, descriptors, driver, socket) }
        }
    }

    /// A reply that can't be sent has no reader any more: the process is about to end.
    private static func carryOut(
        _ call: DriverPacket.Call, _ descriptors: [Descriptor], _ driver: InProcessDriver, _ socket: Descriptor
    ) {
        var reply = DriverPacket.Reply(operation: call.operation)
        var sent: [Descriptor] = []
        do {
            let message = try driver.call(
                DriverRequest(
                    operation: call.operation, method: call.method,
                    deadline: MonotonicTime(nanoseconds: call.deadline),
                    message: PackedMessage(object: call.params, descriptors: descriptors)))
            reply.result = message.object
            sent = message.descriptors
        } catch {
            reply.error = error as? AgentError ?? AgentError(.driverFailed, "\(error)")
        }
        do { try DriverPacket(reply: reply).send(on: socket, sent) } catch {
            reply.result = nil
            reply.error = AgentError(.driverBadReply, "its reply is too long for its process's socket")
            try? DriverPacket(reply: reply).send(on: socket)
        }
    }

    private static func tell(_ notice: DriverNotice, on socket: Descriptor) {
        switch notice {
        case .log(_, let level, let text):
            try? DriverPacket(log: DriverPacket.Log(level: level, text: text)).send(on: socket)
        case .event(_, let object):
            try? DriverPacket(event: object).send(on: socket)
        case .unhealthy, .healthyAgain:
            break
        }
    }
}
