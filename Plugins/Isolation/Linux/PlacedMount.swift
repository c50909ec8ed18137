import Drivers
import LaunchPlan
import Linux
import Model

/// A mount with the place where a program would find it: a path without a link in it.
struct PlacedMount {
    let mount: PlannedMount
    let target: String

    /// In the order in which they are made: what covers another comes before it.
    ///
    /// Throws `mount.refused` for a target where nothing can be mounted.
    static func all(_ mounts: [PlannedMount], in root: ImageRoot) throws(AgentError) -> [PlacedMount] {
        var placed: [PlacedMount] = []
        for mount in mounts { placed.append(PlacedMount(mount: mount, target: try place(mount.target, in: root))) }
        // Of two at one place the later covers the earlier.
        return placed.enumerated().sorted { ($0.element.depth, $0.offset) < ($1.element.depth, $1.offset) }
            .map(\.element)
    }

    private var depth: Int { target.split(separator: "/").count }

    private static func place(_ target: String, in root: ImageRoot) throws(AgentError) -> String {
        do {
            let place = try root.placeOfMount(target)
            if let place, mayCover(place) { return place }
        } catch {
            throw AgentError(.mountRefused, "the place of a mount at \(target) can't be looked up").caused(by: error)
        }
        throw AgentError(
            .mountRefused,
            "nothing can be mounted at \(target): name a place that is not /, in /proc, or a loop of links")
    }

    /// Over /proc only what shows a container its own limits instead of the host's numbers, as lxcfs does.
    private static let coverableInProc = [
        "cpuinfo", "diskstats", "loadavg", "meminfo", "stat", "swaps", "uptime", "slabinfo",
    ]

    private static func mayCover(_ place: String) -> Bool {
        let parts = place.split(separator: "/").map(String.init)
        guard parts.first == "proc" else { return !parts.isEmpty }
        return parts.count == 2 && coverableInProc.contains(parts[1])
    }

    /// - Parameter index: Of the descriptor of the mount, where it has one.
    func steps(index: Int?) -> [LaunchStep] {
        switch (mount.source, index) {
        case (.tmpfs(let size, let mode), _): [tmpfs(size, mode)]
        case (.mount, let index?): [bind(index)] + spread
        case (.mount, nil): []
        }
    }

    private func tmpfs(_ size: Int64?, _ mode: Int?) -> LaunchStep {
        let bits = "mode=" + String(mode ?? 0o1777, radix: 8)
        let flags: MountFlags = mount.readOnly ? [.noSetUID, .noDevices, .readOnly] : [.noSetUID, .noDevices]
        return .mount(
            type: "tmpfs", source: "tmpfs", target: target, flags: flags,
            data: ([bits] + (size.map { ["size=\($0)"] } ?? [])).joined(separator: ","))
    }

    private func bind(_ index: Int) -> LaunchStep {
        var flags: MountFlags = mount.isDevice ? [] : .noDevices
        if mount.readOnly { flags.insert(.readOnly) }
        return .bind(.descriptor(index), target: target, recursive: mount.recursive, flags: flags)
    }

    /// Private unless asked: a mount made on one side must not appear on the other.
    private var spread: [LaunchStep] {
        guard !mount.isDevice else { return [] }
        return switch mount.propagation {
        case nil, .rprivate: [.propagation(target, .private, recursive: true)]
        case .private: [.propagation(target, .private, recursive: false)]
        case .slave: [.propagation(target, .slave, recursive: false)]
        case .rslave: [.propagation(target, .slave, recursive: true)]
        case .shared: [.propagation(target, .shared, recursive: false)]
        case .rshared: [.propagation(target, .shared, recursive: true)]
        }
    }
}
