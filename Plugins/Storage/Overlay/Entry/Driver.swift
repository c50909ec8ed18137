public import CDavitDriver
internal import DavitDriverKit
internal import JSON
internal import StorageOverlay
internal import Wire

private let exported = DriverExport.storage(
    DriverIdentity(
        name: "overlay", version: "0.1.0",
        needs: .init(
            capabilities: ["CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_DAC_OVERRIDE"],
            kernel: ["overlayfs", "id-mapped mounts", "openat2"]),
        configSchema: [
            "type": "object", "additionalProperties": false,
            "properties": ["root": ["type": "string", "default": "/var/lib/davit/storage"]],
        ])
) { (configuration: OverlayConfiguration, _) in try OverlayStorage(configuration) }

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
