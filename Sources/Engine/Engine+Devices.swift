internal import Drivers
internal import Linux
internal import Model

/// All that a container gets for its devices.
struct DeviceGrants: Sendable, Hashable {
    var devices: [GrantedDevice] = []
    /// CDI may ask for more than devices.
    var environment: [String] = []
    var mounts: [MountSpec] = []
    /// `nil`: the walls of the user namespace are enough, since only these nodes can be reached in it.
    var filter: DeviceFilter?

    /// Finds the devices that a spec names. Blocks on /dev and the CDI directories.
    ///
    /// Throws `device.not_found`.
    init(_ spec: ContainerSpec, hasUserNamespace: Bool) throws {
        for wanted in spec.devices ?? [] {
            if wanted.source.hasPrefix("/") {
                devices += try GrantedDevice.all(wanted)
            } else {
                let edits = try CDI.system.edits(for: wanted.source)
                devices += try edits.devices.map(GrantedDevice.init)
                environment += edits.environment
                mounts += edits.mounts
            }
        }
        guard spec.security?.privileged != true else { return }
        if !hasUserNamespace || devices.contains(where: { $0.access != .all }) {
            filter = .standard(and: devices)
        }
    }
}

extension GrantedDevice {
    /// The device at a path, or every device of a directory, such as /dev/snd.
    static func all(_ wanted: DeviceSpec) throws(AgentError) -> [GrantedDevice] {
        let target = wanted.target ?? wanted.source
        guard target.hasPrefix("/"), !target.split(separator: "/").contains("..") else {
            throw AgentError(
                .requestInvalid, "the target of device \(wanted.source) is not an absolute path: \(target)")
        }
        let access = try DeviceFilter.Access(letters: wanted.access ?? "rwm")
        do {
            let file = try Directory(path: "/").open(wanted.source, .path)
            let status = try file.status()
            guard status.kind == .directory else {
                return [try GrantedDevice(status, path: wanted.source, target: target, access)]
            }
            let directory = try Directory(path: wanted.source)
            return try directory.names().sorted().compactMap { name in
                let status = try directory.status(name)
                return try? GrantedDevice(status, path: name, target: "\(target)/\(name)", access)
            }
        } catch let error as AgentError {
            throw error
        } catch {
            throw AgentError(
                .deviceNotFound, "there is no device \(wanted.source) on this host: load its driver, or name another"
            ).caused(by: error)
        }
    }

    init(_ status: FileStatus, path: String, target: String, _ access: DeviceFilter.Access) throws(AgentError) {
        guard status.kind == .characterDevice || status.kind == .blockDevice else {
            throw AgentError(.deviceNotFound, "\(path) is no device: --mount type=bind shows files and directories")
        }
        self.init(
            number: status.node, isBlock: status.kind == .blockDevice, target: target, access: access,
            mode: status.mode & 0o777, uid: status.uid, gid: status.gid)
    }
}

extension DeviceFilter.Access {
    init(letters: String) throws(AgentError) {
        self = []
        for letter in letters {
            switch letter {
            case "r": insert(.read)
            case "w": insert(.write)
            case "m": insert(.make)
            default: throw AgentError(.requestInvalid, "the access of a device is some of rwm, not \"\(letters)\"")
            }
        }
    }
}
