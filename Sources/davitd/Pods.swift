internal import Engine
internal import Linux
internal import Model
internal import Systemd

/// Finds or makes the place of all containers in the cgroup tree.
///
/// Under systemd it is `davit-pods.scope`, apart from the agent's own unit: what a restart of the agent never touches. The
/// scope lives as long as a process in it does, so a holder, which only sleeps, is its first. Elsewhere it is a directory
/// below the agent's own cgroup.
struct Pods {
    let configuration: Configuration
    let monitor: Descriptor

    func tree() throws -> CgroupTree {
        let mount = try CgroupMount.current()
        let path = mount.path + (booted ? try scope(below: mount) : mount.own + "/" + configuration.cgroup)
        return try CgroupTree(path: path, root: group(path))
    }

    private func group(_ path: String) throws -> Cgroup {
        Cgroup(try Directory(path: "/").makeDirectories(path).descriptor)
    }

    private func scope(below mount: CgroupMount) throws -> String {
        let present = try PodsScope.controlGroup()
        if !present.isEmpty { return present }
        let holder = try Process.spawn(
            executable: monitor.rawValue, arguments: ["davit-hold"], environment: [], descriptors: [])
        let scope = try PodsScope.start(holderPID: holder.pid)
        // Out of the scope's own directory before controllers are enabled there: a group with processes may not pass
        // them on.
        try group(mount.path + scope).child("hold").add(process: holder.pid)
        return scope
    }
}
