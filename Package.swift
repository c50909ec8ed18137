// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "davit",
    products: [
        .executable(name: "davitd", targets: ["davitd"]),
        .executable(name: "davit", targets: ["davit"]),
        .executable(name: "davit-driver-host", targets: ["davit-driver-host"]),
        .executable(name: "davit-monitor", targets: ["davit-monitor"]),
        .executable(name: "davit-image", targets: ["davit-image"]),
        .executable(name: "davit-resolver", targets: ["davit-resolver"]),
        .library(name: "DavitDriverKit", targets: ["DavitDriverKit"]),
        .library(name: "DavitClient", targets: ["DavitClient"]),
        .library(name: "davit-network-none", type: .dynamic, targets: ["NetworkNone"]),
        .library(name: "davit-network-host", type: .dynamic, targets: ["NetworkHost"]),
        .library(name: "davit-network-bridge", type: .dynamic, targets: ["NetworkBridgeEntry"]),
        .library(name: "davit-network-cni", type: .dynamic, targets: ["NetworkCNIEntry"]),
        .library(name: "davit-network-macvlan", type: .dynamic, targets: ["NetworkMACVLANEntry"]),
        .library(name: "davit-network-ipvlan", type: .dynamic, targets: ["NetworkIPVLANEntry"]),
        .library(name: "davit-storage-overlay", type: .dynamic, targets: ["StorageOverlayEntry"]),
        .library(name: "davit-isolation-linux", type: .dynamic, targets: ["IsolationLinuxEntry"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // MARK: Floor 0: C, no policy
        .target(name: "CDavitDriver"),
        .target(name: "CLinux"),
        .target(name: "CNetlink"),
        .target(name: "CStart"),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CJSON", pkgConfig: "json-c", providers: [.apt(["libjson-c-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLdns", pkgConfig: "ldns", providers: [.apt(["libldns-dev"])]),
        .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),

        // MARK: Floor 1: hands (mechanism)
        .target(name: "Linux", dependencies: ["CLinux"]),
        .target(name: "Netlink", dependencies: ["CLinux", "CNetlink", "Linux"]),
        .target(name: "JSON", dependencies: ["CJSON"]),
        .target(name: "Systemd", dependencies: ["CLinux", "CSystemd"]),
        .target(name: "DNSMessage", dependencies: ["CLdns"]),
        .target(name: "Seccomp", dependencies: ["CSeccomp"]),

        // MARK: Floor 2: words (pure values; no syscall, no await)
        .target(name: "Model", dependencies: ["JSON"]),
        .target(name: "LaunchPlan"),
        .target(name: "LaunchPlanEmbedded"),
        .target(name: "Drivers", dependencies: ["JSON", "LaunchPlan", "Linux", "Model"]),
        .target(name: "Wire", dependencies: ["Drivers", "JSON", "LaunchPlan", "Linux", "Model"]),

        // MARK: Floor 3: rooms
        .target(name: "DavitDriverKit", dependencies: ["CDavitDriver", "Drivers", "JSON", "Linux", "Model", "Wire"]),
        .target(
            name: "DriverHost",
            dependencies: ["CDavitDriver", "CNettle", "Drivers", "JSON", "Linux", "Model", "Wire"]),
        .target(name: "Images", dependencies: ["Drivers", "JSON", "Linux", "Model"]),
        .target(name: "ContainerNetwork", dependencies: ["JSON", "Linux", "Model", "Netlink"]),
        .target(name: "Engine", dependencies: ["Drivers", "Images", "JSON", "LaunchPlan", "Linux", "Model"]),
        .target(name: "Names", dependencies: ["CLinux", "DNSMessage", "JSON", "Linux", "Netlink", "Seccomp"]),

        // MARK: Floor 4: doors
        .target(
            name: "Server",
            dependencies: ["DriverHost", "Drivers", "Engine", "Images", "JSON", "Linux", "Model", "Systemd", "Wire"]),
        .target(name: "DavitClient", dependencies: ["JSON", "Linux", "Model", "Wire"]),

        // MARK: Floor 5: programs
        .executableTarget(
            name: "davitd",
            dependencies: [
                "DriverHost", "Drivers", "Engine", "Images", "JSON", "Linux", "Model", "Server", "Systemd", "Wire",
            ]),
        .executableTarget(
            name: "davit",
            dependencies: [
                "DavitClient", "JSON", "Linux", "Model", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(name: "davit-driver-host", dependencies: ["DriverHost"]),
        .executableTarget(name: "davit-resolver", dependencies: ["Linux", "Names"]),
        .executableTarget(name: "davit-monitor", dependencies: ["CLinux", "CStart", "LaunchPlanEmbedded"]),
        .executableTarget(
            name: "davit-image",
            dependencies: ["CArchive", "CLinux", "CNettle", "CSeccomp", "CZlib", "CZstd", "JSON", "Linux", "Model"]),

        // MARK: Plugins
        .target(
            name: "NetworkNone", dependencies: ["CDavitDriver", "DavitDriverKit", "Drivers", "JSON", "Model"],
            path: "Plugins/Network/None"),
        .target(
            name: "NetworkHost", dependencies: ["CDavitDriver", "DavitDriverKit", "Drivers", "JSON", "Linux", "Model"],
            path: "Plugins/Network/Host"),
        .target(
            name: "NetworkBridge",
            dependencies: ["ContainerNetwork", "Drivers", "JSON", "Linux", "Model", "Netlink"],
            path: "Plugins/Network/Bridge", exclude: ["Entry"]),
        .target(
            name: "NetworkBridgeEntry",
            dependencies: ["CDavitDriver", "DavitDriverKit", "JSON", "NetworkBridge", "Wire"],
            path: "Plugins/Network/Bridge/Entry"),
        .target(
            name: "NetworkCNI",
            dependencies: ["ContainerNetwork", "Drivers", "JSON", "Linux", "Model", "Netlink"],
            path: "Plugins/Network/CNI", exclude: ["Entry"]),
        .target(
            name: "NetworkCNIEntry", dependencies: ["CDavitDriver", "DavitDriverKit", "JSON", "NetworkCNI", "Wire"],
            path: "Plugins/Network/CNI/Entry"),
        .target(
            name: "NetworkLAN",
            dependencies: ["ContainerNetwork", "Drivers", "JSON", "Linux", "Model", "Netlink"],
            path: "Plugins/Network/LAN", exclude: ["Entry"]),
        .target(
            name: "NetworkMACVLANEntry",
            dependencies: ["CDavitDriver", "DavitDriverKit", "JSON", "NetworkLAN", "Wire"],
            path: "Plugins/Network/LAN/Entry/MACVLAN"),
        .target(
            name: "NetworkIPVLANEntry", dependencies: ["CDavitDriver", "DavitDriverKit", "JSON", "NetworkLAN", "Wire"],
            path: "Plugins/Network/LAN/Entry/IPVLAN"),
        .target(
            name: "StorageOverlay",
            dependencies: ["CDavitDriver", "DavitDriverKit", "Drivers", "JSON", "Linux", "Model", "Wire"],
            path: "Plugins/Storage/Overlay", exclude: ["Entry"]),
        .target(
            name: "StorageOverlayEntry",
            dependencies: ["CDavitDriver", "DavitDriverKit", "JSON", "StorageOverlay", "Wire"],
            path: "Plugins/Storage/Overlay/Entry"),
        .target(
            name: "IsolationLinux",
            dependencies: [
                "CDavitDriver", "CLinux", "CSeccomp", "DavitDriverKit", "Drivers", "JSON", "LaunchPlan", "Linux",
                "Model",
                "Wire",
            ],
            path: "Plugins/Isolation/Linux", exclude: ["Entry"]),
        .target(
            name: "IsolationLinuxEntry", dependencies: ["CDavitDriver", "DavitDriverKit", "IsolationLinux", "Wire"],
            path: "Plugins/Isolation/Linux/Entry"),

        // MARK: Tests: one target per module; kernel and system tests need root and say so
        .target(
            name: "TestSupport", dependencies: ["JSON", "Linux", "Model", "Systemd"], path: "Tests/TestSupport"),
        .testTarget(name: "LinuxTests", dependencies: ["CLinux", "Linux", "TestSupport"]),
        .testTarget(name: "NetlinkTests", dependencies: ["Linux", "Netlink", "TestSupport"]),
        .testTarget(name: "JSONTests", dependencies: ["CJSON", "JSON", "TestSupport"]),
        .testTarget(name: "SystemdTests", dependencies: ["Linux", "Systemd", "TestSupport"]),
        .testTarget(name: "DNSMessageTests", dependencies: ["DNSMessage", "TestSupport"]),
        .testTarget(name: "SeccompTests", dependencies: ["Seccomp"]),
        .testTarget(name: "ModelTests", dependencies: ["JSON", "Model", "Netlink", "TestSupport"]),
        .testTarget(name: "LaunchPlanTests", dependencies: ["LaunchPlan", "TestSupport"]),
        .testTarget(name: "MonitorTests", dependencies: ["CLinux", "LaunchPlan", "Linux", "TestSupport"]),
        .testTarget(name: "WireTests", dependencies: ["Drivers", "JSON", "Model", "TestSupport", "Wire"]),
        .testTarget(
            name: "DriverHostTests",
            dependencies: ["DriverHost", "Drivers", "JSON", "LaunchPlan", "Linux", "Model", "TestSupport", "Wire"]),
        .testTarget(
            name: "ImagesTests",
            dependencies: ["CArchive", "Drivers", "Images", "JSON", "Linux", "Model", "TestSupport"]),
        .testTarget(
            name: "EngineTests",
            dependencies: ["Drivers", "Engine", "Images", "JSON", "LaunchPlan", "Linux", "Model", "TestSupport"]),
        .testTarget(
            name: "ServerTests",
            dependencies: ["DavitClient", "JSON", "Linux", "Model", "Server", "Systemd", "TestSupport", "Wire"]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "DavitClient", "JSON", "Linux", "Model", "TestSupport", "Wire", "davit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .testTarget(
            name: "BridgeTests",
            dependencies: [
                "ContainerNetwork", "Drivers", "JSON", "Linux", "Model", "NetworkBridge", "Netlink", "TestSupport",
            ]),
        .testTarget(
            name: "CNITests",
            dependencies: [
                "ContainerNetwork", "Drivers", "JSON", "Linux", "Model", "NetworkCNI", "Netlink", "TestSupport",
            ]),
        .testTarget(
            name: "LANTests",
            dependencies: [
                "ContainerNetwork", "Drivers", "JSON", "Linux", "Model", "NetworkLAN", "Netlink", "TestSupport",
            ]),
        .testTarget(
            name: "PluginTests",
            dependencies: [
                "Drivers", "IsolationLinux", "JSON", "LaunchPlan", "Linux", "Model", "StorageOverlay", "TestSupport",
            ]),
        .testTarget(name: "NamesTests", dependencies: ["DNSMessage", "Linux", "Names", "Netlink", "TestSupport"]),
        .testTarget(name: "SystemTests", dependencies: ["JSON", "Linux", "Model", "TestSupport"]),
        .testTarget(name: "BehaviourTests", dependencies: ["Linux", "TestSupport"]),
        .testTarget(name: "VMTests", dependencies: ["TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

// A sanitizer can't be linked into the static monitor: `DAVIT_ONLY=EngineTests` leaves that target and what it uses.
if let only = Context.environment["DAVIT_ONLY"] {
    let uses = Dictionary(
        uniqueKeysWithValues: package.targets.map { target in
            let names = target.dependencies.compactMap { if case .byNameItem(let name, _) = $0 { name } else { nil } }
            return (target.name, names)
        })
    var (kept, next): (Set<String>, [String]) = ([], [only])
    while let name = next.popLast() {
        if kept.insert(name).inserted { next += uses[name] ?? [] }
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products = []
    package.dependencies = []
}

let embedded: Set = ["LaunchPlanEmbedded", "davit-monitor"]
/// Where a driver's exported symbol is. The larger drivers keep it apart, so that a test can link two of them.
let plugins: Set = [
    "NetworkNone", "NetworkHost", "NetworkBridgeEntry", "NetworkCNIEntry", "NetworkMACVLANEntry", "NetworkIPVLANEntry",
    "StorageOverlayEntry", "IsolationLinuxEntry",
]
/// The rooms that may touch unsafe pointers; everywhere else strict memory safety is silent because there are none.
let cModules: Set = ["CDavitDriver", "CLinux", "CNetlink", "CStart"]

for target in package.targets where target.type != .system && !cModules.contains(target.name) {
    var settings: [SwiftSetting] = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
    ]
    if embedded.contains(target.name) {
        settings += [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])]
    }
    if !target.isTest, target.name != "davit" {
        // Nothing of the agent uses regular expressions; without this every process maps their two libraries.
        settings.append(.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]))
    }
    target.swiftSettings = settings
    if target.name == "davit-monitor" {
        // CStart takes the place of the C library's start; what only that start needs must go, in debug builds too.
        target.linkerSettings = [
            .unsafeFlags(["-Xclang-linker", "-static", "-Xclang-linker", "-nostartfiles", "-Xlinker", "--gc-sections"])
        ]
    }
    if plugins.contains(target.name) {
        target.linkerSettings = [
            .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/Plugins/exports.map"])
        ]
    }
}
