public import CDavitDriver
internal import DavitDriverKit
internal import JSON
internal import NetworkLAN
internal import Wire

private let exported = DriverExport.network(
    DriverIdentity(
        name: "ipvlan", version: "0.1.0",
        needs: .init(capabilities: ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"], kernel: ["ipvlan", "network namespaces"]),
        features: ["ipv6"],
        configSchema: [
            "type": "object", "additionalProperties": false,
            "properties": ["resolv_conf": ["type": "string", "default": "/etc/resolv.conf"]],
        ])
) { (configuration: LANConfiguration, _) in LANDriver(.ipvlan, configuration) }

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
