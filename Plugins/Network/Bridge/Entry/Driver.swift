public import CDavitDriver
internal import DavitDriverKit
internal import JSON
internal import NetworkBridge
internal import Wire

private let exported = DriverExport.network(
    DriverIdentity(
        name: "bridge", version: "0.1.0",
        needs: .init(
            capabilities: ["CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN"],
            kernel: ["bridge", "veth", "nftables with nat in inet tables (Linux 5.2)", "nf_conntrack_netlink"]),
        features: ["ports", "ipv6"],
        configSchema: [
            "type": "object", "additionalProperties": false,
            "properties": [
                "bridge": ["type": "string", "default": "davit0"], "subnet": ["type": "string"],
                "subnet6": ["type": "string"], "supernet": ["type": "string", "default": "10.88.0.0/14"],
                "subnet_length": ["type": "integer", "minimum": 9, "maximum": 29, "default": 24],
                "mtu": ["type": "integer", "minimum": 1280, "maximum": 65535],
                "publish_address": ["type": "string", "default": "all"],
                "pool": ["type": "integer", "minimum": 0, "maximum": 256, "default": 4],
                "isolated": ["type": "boolean", "default": false],
                "nat66": ["type": "boolean", "default": false],
                "resolv_conf": ["type": "string", "default": "/etc/resolv.conf"],
            ],
        ])
) { (configuration: BridgeConfiguration, agent) in try BridgeDriver(configuration) { agent.tell($0) } }

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
