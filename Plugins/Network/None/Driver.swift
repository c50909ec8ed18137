public import CDavitDriver
internal import DavitDriverKit
internal import Drivers
internal import JSON
internal import Model

/// No network but a loopback interface of the container's own.
struct NetworkNone: NetworkDriver {
    func attach(_ request: AttachRequest) async throws -> Attachment { Attachment(namespace: .born) }
    func detach(_ container: ContainerID) async throws {}
}

private let exported = DriverExport.network(DriverIdentity(name: "none", version: "0.1.0", isStateless: true)) {
    (_: NoConfiguration, _) in NetworkNone()
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
