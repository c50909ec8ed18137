public import CDavitDriver
internal import DavitDriverKit
internal import IsolationLinux
internal import Wire

private let exported = DriverExport.isolation(
    DriverIdentity(
        name: "linux", version: "0.1.0", isStateless: true,
        needs: .init(
            capabilities: ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID"],
            kernel: ["user namespaces", "seccomp filters", "cgroup2", "openat2"]))
) { (_: NoConfiguration, _) in try LinuxIsolation() }

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
