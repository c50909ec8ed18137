internal import CDavitDriver
internal import Glibc
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// A shared object that was loaded into this process, and whose table was found sound. Never unloaded.
@safe struct DriverLibrary: Sendable {
    // Proof: the driver's table is constant and lives as long as the process (davit/driver.h).
    nonisolated(unsafe) let table: UnsafePointer<davit_driver>
    let manifest: DriverManifest

    /// Loads the object behind a descriptor, then looks at its table field by field before anything in it is called.
    ///
    /// The descriptor is kept open for ever: the loader knows objects by name, here /proc/self/fd/N, and would take a
    /// later object with the same number for this one.
    init(_ object: Descriptor) throws(AgentError) {
        _ = unsafe Unmanaged.passRetained(object)
        let path = "/proc/self/fd/\(object.rawValue)"
        guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw refused("it can't be loaded: \(Self.loaderError())")
        }
        guard let symbol = unsafe dlsym(library, "davit_driver_entry_v1") else {
            throw refused("it has no function davit_driver_entry_v1; it is no driver, or one for another version")
        }
        typealias Entry = @convention(c) () -> UnsafePointer<davit_driver>?
        let entry = unsafe unsafeBitCast(symbol, to: Entry.self)
        guard let table = unsafe entry() else { throw refused("davit_driver_entry_v1 gave no table") }
        try unsafe Self.check(UnsafeRawPointer(table))
        unsafe self.table = table
        do {
            let text = unsafe String(cString: table.pointee.manifest)
            manifest = try JSONValue(parsing: text).decode(DriverManifest.self, unknownKeys: .ignore)
        } catch {
            throw refused("the manifest inside it is not valid").caused(by: error)
        }
    }

    private static func loaderError() -> String {
        guard let text = unsafe dlerror() else { return "no reason given" }
        return unsafe String(cString: text)
    }

    /// Reads plain words, as nothing is known yet; each problem names the field that differs.
    private static func check(_ table: UnsafeRawPointer) throws(AgentError) {
        let expected = unsafe MemoryLayout<davit_driver>.size
        let size = unsafe table.load(as: Int.self)
        guard size >= expected, size <= 4096 else {
            throw refused("its table's field `size` is \(size); this agent needs \(expected) at least")
        }
        let magic = unsafe table.load(fromByteOffset: 8, as: UInt64.self)
        guard magic == DAVIT_DRIVER_MAGIC else {
            let values = "0x\(String(magic, radix: 16)), not 0x\(String(DAVIT_DRIVER_MAGIC, radix: 16))"
            throw refused("its table's field `magic` is \(values)")
        }
        let abi = unsafe table.load(fromByteOffset: 16, as: UInt32.self)
        guard abi == DAVIT_DRIVER_ABI else {
            throw refused("its table's field `abi` is \(abi); this agent speaks \(DAVIT_DRIVER_ABI)")
        }
        let pointers = [
            ("manifest", 32), ("open", 40), ("call", 48), ("cancel", 56), ("close", 64), ("release", 72),
        ]
        for (name, offset) in pointers {
            let word = unsafe table.load(fromByteOffset: offset, as: UInt.self)
            guard word != 0 else { throw refused("its table's field `\(name)` is NULL") }
        }
    }
}

/// `driver.refused`; who asked for the loading adds the driver's path.
func refused(_ reason: String) -> AgentError { AgentError(.driverRefused, reason) }
