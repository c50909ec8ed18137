import ContainerNetwork
import Drivers
import JSON
import Linux
import Model

extension CNIDriver {
    /// Plugins do not look whether a port is somebody's. Throws `port.in_use`.
    func checkPorts(_ request: AttachRequest) throws {
        let taken = connected.withLock { $0 }
        for port in request.ports {
            for (id, connection) in taken where connection.handle.publishes(port) {
                throw AgentError(.portInUse, "\(port) can't be published: container \(id) has that port of the host")
            }
            guard try isFree(port) else {
                throw AgentError(
                    .portInUse,
                    "\(port) can't be published: a program of the host has that port; `ss -lntup` tells which")
            }
        }
    }

    /// Whether a program could have it now. SCTP is taken for free: the host's programs hardly ever speak it.
    private func isFree(_ port: PortMapping) throws -> Bool {
        guard port.transport != .sctp, let number = port.hostPort.flatMap({ UInt16(exactly: $0) }) else { return true }
        let address = port.address ?? "0.0.0.0"
        let kind: InternetSocket.Kind = port.transport == .tcp ? .stream : .datagram
        do {
            _ = try host.run { () throws(Errno) in try InternetSocket.listen(kind, address: address, port: number) }
            return true
        } catch {
            guard error == .addressInUse else {
                throw AgentError(.portRefused, "\(port) can't be published: is \(address) an address of the host?")
                    .caused(by: error)
            }
            return false
        }
    }
}

extension CNIHandle {
    /// Whether a port of the host leads to it that another one would take.
    fileprivate func publishes(_ port: PortMapping) -> Bool {
        (capabilities["portMappings"]?.array ?? []).contains { mapping in
            guard mapping["hostPort"]?.int == port.hostPort.map(Int64.init),
                mapping["protocol"]?.string == port.transport.rawValue
            else { return false }
            let (here, there) = (mapping["hostIP"]?.string, port.address)
            return here == there || Self.isEverywhere(here) || Self.isEverywhere(there)
        }
    }

    private static func isEverywhere(_ address: String?) -> Bool {
        address == nil || address == "0.0.0.0" || address == "::"
    }
}
