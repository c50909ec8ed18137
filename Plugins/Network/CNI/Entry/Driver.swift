public import CDavitDriver
internal import DavitDriverKit
internal import JSON
internal import NetworkCNI
internal import Wire

private let exported = DriverExport.network(
    DriverIdentity(
        name: "cni", version: "0.1.0",
        needs: .init(
            capabilities: ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"],
            kernel: ["network namespaces", "what the plugins need"]),
        features: ["ports", "ipv6"],
        configSchema: [
            "type": "object", "additionalProperties": false,
            "properties": [
                "conf_dirs": ["type": "array", "items": ["type": "string"], "default": ["/etc/cni/net.d"]],
                "bin_dirs": [
                    "type": "array", "items": ["type": "string"], "default": ["/usr/lib/cni", "/opt/cni/bin"],
                ],
                "timeout": ["type": "integer", "minimum": 1, "maximum": 600, "default": 25],
                "resolv_conf": ["type": "string", "default": "/etc/resolv.conf"],
            ],
        ])
) { (configuration: CNIConfiguration, _) in try CNIDriver(configuration) }

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
