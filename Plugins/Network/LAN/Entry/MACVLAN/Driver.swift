public import CDavitDriver
internal import DavitDriverKit
internal import JSON
internal import NetworkLAN
internal import Wire

private let exported = DriverExport.network(
    DriverIdentity(
        name: "macvlan", version: "0.1.0",
        needs: .init(capabilities: ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"], kernel: ["macvlan", "network namespaces"]),
        features: ["ipv6"],
        configSchema: [
            "type": "object", "additionalProperties": false,
            "properties": ["resolv_conf": ["type": "string", "default": "/etc/resolv.conf"]],
        ])
) { (configuration: LANConfiguration, _) in LANDriver(.macvlan, configuration) }

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
