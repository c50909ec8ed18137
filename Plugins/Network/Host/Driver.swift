public import CDavitDriver
internal import DavitDriverKit
internal import Drivers

private let exported = DriverExport.network(NetworkHost.identity) { (configuration: NetworkHost.Configuration, _) in
    NetworkHost(configuration)
}

// swift-format-ignore: AlwaysUseLowerCamelCase
@c @implementation
public func davit_driver_entry_v1() -> UnsafePointer<davit_driver> { unsafe exported.table }
