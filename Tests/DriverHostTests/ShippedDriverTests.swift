import DriverHost
import Drivers
import JSON
import Linux
import Model
import Testing
import Wire

/// The network drivers that come with Davit, through their real shared objects.
@Suite struct ShippedDriverTests {
    @Test func `none gives a namespace that is born with the container`() async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-none.so", as: "network-none")
        let host = drivers.host()
        #expect(host.names(.network) == ["none"])
        let network = try host.network("none")
        let attachment = try await network.attach(sampleAttach)
        guard case .born = attachment.namespace else {
            Issue.record("\(attachment.namespace)")
            return
        }
        #expect(attachment.resolvConf.isEmpty && attachment.hosts.isEmpty && attachment.addresses.isEmpty)
        try await conform(network)
    }

    @Test func `host gives the host's namespace and its name resolution`() async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-host.so", as: "network-host")
        try drivers.write("resolv.conf", "nameserver 192.0.2.1\n")
        try drivers.write("hosts", "127.0.0.1 localhost\n# a comment\n192.0.2.7\tarchive # ours\n\n::1 localhost six\n")
        let settings = DriverSettings(config: [
            "resolv_conf": .string(drivers.path + "/resolv.conf"), "hosts": .string(drivers.path + "/hosts"),
        ])
        let network = try drivers.host(["network/host": settings]).network("host")
        let attachment = try await network.attach(sampleAttach)
        guard case .host = attachment.namespace else {
            Issue.record("\(attachment.namespace)")
            return
        }
        #expect(attachment.resolvConf == "nameserver 192.0.2.1\n")
        #expect(attachment.hosts == ["192.0.2.7\tarchive # ours"])
        try await conform(network)
    }

    @Test func `host takes missing files for empty ones and refuses strange ones`() async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-host.so", as: "network-host")
        try drivers.write("long", String(repeating: "x", count: 100_000))
        let long = JSONValue.string(drivers.path + "/long")
        let settings = DriverSettings(config: ["resolv_conf": "/nowhere", "hosts": long])
        let network = try drivers.host(["network/host": settings]).network("host")
        let error = await #expect(throws: AgentError.self) { try await network.attach(sampleAttach) }
        #expect(error?.code == .driverFailed)
        #expect(error?.message.contains("/long can't be read") == true)
    }

    @Test(arguments: ["none", "host"]) func `a port is refused by what has no ports, with a word on what has`(
        _ name: String
    ) async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-\(name).so", as: "network-\(name)")
        var request = sampleAttach
        request.ports = [PortMapping(hostPort: 8080, containerPort: 80)]
        let network = try drivers.host().network(name)
        let error = await #expect(throws: AgentError.self) { try await network.attach(request) }
        #expect(error?.code == .portRefused)
        #expect(error?.message.contains("->80/tcp can't be published") == true)
        #expect(error?.message.contains("use the network bridge") == true)
    }

    /// What it makes of the host is in BridgeTests, where the host is a namespace of the test's own.
    @Test func `bridge is loaded and touches nothing that is not asked of it`() async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-bridge.so", as: "network-bridge")
        let host = drivers.host(["network/bridge": DriverSettings(config: ["bridge": "davit-test0", "nat66": true])])
        #expect(host.names(.network) == ["bridge"])
        let network = try host.network("bridge")
        #expect(try await network.status().healthy)
        try await network.recover([])
        #expect(try await network.collect(valid: []) == [])
        try await network.detach(sampleDetach)
        #expect(try Directory(path: "/sys/class/net").statusIfPresent("davit-test0") == nil)
    }

    /// What plugins make of the host is in CNITests, where the host is a namespace of the test's own.
    @Test func `cni is loaded, asks no plugin for nothing, and tells where it looks for lists`() async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-cni.so", as: "network-cni")
        // Nothing is there: beside the drivers lie manifests, which have names as lists do.
        let lists = drivers.path + "/net.d"
        let settings = DriverSettings(config: ["conf_dirs": .array([.string(lists)]), "timeout": 5])
        let network = try drivers.host(["network/cni": settings]).network("cni")
        #expect(
            try await network.status() == DriverStatus(healthy: true, message: "ready; lists are in \(lists)"))
        try await network.recover([])
        #expect(try await network.collect(valid: []) == [])
        try await network.detach(sampleDetach)
        let error = await #expect(throws: AgentError.self) {
            try await network.create(NetworkRequest(NetworkSpec(name: NetworkName("office"), driver: "cni")))
        }
        #expect(error?.code == .networkRefused)
        #expect(error?.message.contains("write one, such as \(lists)/10-office.conflist") == true)
    }

    /// What they make of the host is in LANTests, where the host is a namespace of the test's own.
    @Test(arguments: ["macvlan", "ipvlan"]) func `a driver of the LAN is loaded, and makes no network without a parent`(
        _ name: String
    ) async throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-\(name).so", as: "network-\(name)")
        let host = drivers.host(["network/\(name)": DriverSettings(config: ["resolv_conf": "/nowhere"])])
        #expect(host.names(.network) == [name])
        let network = try host.network(name)
        #expect(
            try await network.status()
                == DriverStatus(healthy: true, message: "ready; a network is made with the option parent"))
        try await network.recover([])
        #expect(try await network.collect(valid: []) == [])
        try await network.detach(sampleDetach)
        let spec = NetworkSpec(name: try NetworkName(name), driver: name)
        let error = await #expect(throws: AgentError.self) { try await network.create(NetworkRequest(spec)) }
        #expect(error?.code == .networkRefused)
        #expect(error?.message.contains("`davit network create --driver \(name) --opt parent=eth0") == true)
    }

    @Test func `a key of the configuration that no driver knows is refused`() throws {
        let drivers = try DriverDirectory()
        try drivers.addShipped("libdavit-network-host.so", as: "network-host")
        let host = drivers.host(["network/host": DriverSettings(config: ["resolv": "/etc/resolv.conf"])])
        let error = try #require(host.info("network", "host").error)
        #expect(error.message.contains("the configuration of the network driver \"host\" is not valid"))
        #expect(error.description.contains("resolv"))
    }

    @Test(arguments: ["none", "host", "bridge", "cni", "macvlan", "ipvlan"]) func `exactly one symbol is exported`(
        _ name: String
    ) throws {
        let drivers = try DriverDirectory()
        let list = drivers.path + "/symbols"
        let library = "\(DriverDirectory.products)/libdavit-network-\(name).so"
        try run("/bin/sh", ["-c", "nm -D --defined-only --extern-only \(library) > \(list)"])
        let text = try String(decoding: Directory(path: "/").read(list, limit: 1 << 20), as: UTF8.self)
        #expect(text.split(separator: "\n").map { $0.split(separator: " ").last ?? "" } == ["davit_driver_entry_v1"])
    }

    @Test(arguments: ["none", "host", "bridge", "cni", "macvlan", "ipvlan"]) func `no driver links Foundation`(
        _ name: String
    ) throws {
        let drivers = try DriverDirectory()
        let list = drivers.path + "/objects"
        let library = "\(DriverDirectory.products)/libdavit-network-\(name).so"
        try run("/bin/sh", ["-c", "ldd \(library) > \(list)"])
        let text = try String(decoding: Directory(path: "/").read(list, limit: 1 << 20), as: UTF8.self)
        #expect(text.contains("libswiftCore") && !text.contains("Foundation"))
    }

    /// What every network driver must do.
    private func conform(_ network: any NetworkDriver) async throws {
        #expect(try await network.status().healthy)
        try await network.restore([])
        try await network.recover([])
        #expect(try await network.collect(valid: []) == [])
        try await network.remove(sampleAttach.network)
        try await network.detach(sampleDetach)
        try await network.detach(sampleDetach)
        try await network.detach(DetachRequest(container: .random(), network: sampleAttach.network))
        _ = try await network.attach(sampleAttach)
        _ = try await network.attach(sampleAttach)
        try await network.detach(sampleDetach)
    }
}
