internal import CLinux

/// A directory of cgroup v2, held open. Every call is a small file operation; none waits for processes.
public struct Cgroup: Sendable {
    public let directory: Directory

    public init(_ descriptor: Descriptor) { directory = Directory(descriptor) }

    public init(path: String) throws(Errno) { directory = try Directory(path: path) }

    public var descriptor: Descriptor { directory.descriptor }

    /// Makes a child group, or opens the one that is there. Idempotent.
    public func child(_ name: String) throws(Errno) -> Cgroup {
        do { try directory.makeDirectory(name) } catch let error where error == .exists {}
        return try existing(name)
    }

    /// Opens a child group. Throws ``Errno/noSuchFile`` when there is none.
    public func existing(_ name: String) throws(Errno) -> Cgroup {
        Cgroup(try directory.open(name, [.directory, .noFollow]).shared())
    }

    /// Removes an empty child group. Throws ``Errno/busy`` while a process lives in it.
    public func remove(_ name: String) throws(Errno) { try directory.removeDirectory(name) }

    /// Removes a child group and the groups below it, all empty. A missing one is fine.
    public func removeTree(_ name: String) throws(Errno) {
        do {
            let group = try existing(name)
            for inner in try group.children() { try group.removeTree(inner) }
            try remove(name)
        } catch let error where error == .noSuchFile {}
    }

    /// The names of the child groups.
    public func children() throws(Errno) -> [String] { try directory.entries().filter(\.isDirectory).map(\.name) }

    /// Writes a control file. Throws ``Errno/noSuchFile`` when its controller is not enabled here.
    public func write(_ file: String, _ value: String) throws(Errno) {
        try directory.open(file, [.writeOnly, .noFollow]).write(value)
    }

    /// Reads a control file, without the newline at its end.
    public func read(_ file: String) throws(Errno) -> String {
        let bytes = try directory.open(file, .noFollow).readAll(limit: 1 << 20)
        return String(decoding: bytes.last == 10 ? bytes.dropLast() : bytes[...], as: UTF8.self)
    }

    /// A control file to be walked through.
    public func text(_ file: String) throws(Errno) -> KernelText {
        KernelText(try directory.open(file, .noFollow).readAll(limit: 1 << 20))
    }

    /// The number after `key` in a flat keyed file such as `memory.events`; nil when absent.
    public func number(_ key: StaticString, in file: String) throws(Errno) -> Int64? {
        try text(file).values([key])[0]
    }

    /// The controllers this group may hand on, as `memory`.
    public func availableControllers() throws(Errno) -> Set<String> { try words("cgroup.controllers") }

    /// The controllers enabled for the child groups.
    public func enabledControllers() throws(Errno) -> Set<String> { try words("cgroup.subtree_control") }

    /// Enables those of `controllers` that are available for the child groups; returns what is enabled then.
    ///
    /// Throws ``Errno/busy`` while a process lives in this group itself.
    @discardableResult
    public func enable(_ controllers: Set<String>) throws(Errno) -> Set<String> {
        let missing = try availableControllers().intersection(controllers).subtracting(try enabledControllers())
        if !missing.isEmpty {
            try write("cgroup.subtree_control", missing.sorted().map { "+\($0)" }.joined(separator: " "))
        }
        return try enabledControllers()
    }

    /// Kills every process in this group and below (`cgroup.kill`, Linux 5.14). Does not wait for their end.
    public func kill() throws(Errno) { try write("cgroup.kill", "1") }

    /// Stops or continues every process in this group and below. Does not wait; ``isFrozen`` tells.
    public func freeze(_ on: Bool) throws(Errno) { try write("cgroup.freeze", on ? "1" : "0") }

    /// Whether all processes here have stopped.
    public func isFrozen() throws(Errno) -> Bool { try number("frozen", in: "cgroup.events") == 1 }

    /// Whether a process lives here or below.
    public func isPopulated() throws(Errno) -> Bool { try number("populated", in: "cgroup.events") == 1 }

    /// The processes in this group itself.
    public func processes() throws(Errno) -> [Int32] {
        try read("cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
    }

    /// Moves a process into this group; 0 is the caller.
    public func add(process pid: Int32) throws(Errno) { try write("cgroup.procs", "\(pid)") }

    private func words(_ file: String) throws(Errno) -> Set<String> {
        Set(try read(file).split(separator: " ").map(String.init))
    }
}
