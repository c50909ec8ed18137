public import CDavitDriver
internal import DavitDriverKit
internal import Drivers
internal import JSON
internal import Model

/// No network but a loopback interface of the container's own.
struct NetworkNone: NetworkDriver {
    func attach(_ request: AttachRequest) async throws -> Attachment {
        guard let port = request.ports.first else { return Attachment(namespace: .born) }
        throw AgentError(
            .portRefused,
            "\(port) can't be published: a container without a network has no ports, use the network bridge")
    }

    func detach(_ request: DetachRequest) async throws {}
}

private let exported = DriverExport.network(DriverIdentity(name: "none", version: "0.1.0", isStateless: true)) {
    (_: NoConfiguration, _) in NetworkNone()
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
