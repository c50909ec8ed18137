import ArgumentParser
import Model

/// What `run` and `create` say of a container's file systems.
struct MountOptions: ParsableArguments {
    @Option(
        name: .shortAndLong, parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Show a host path or a volume: options ro, nocopy, rslave, idmap=false and the like.",
            valueName: "[source:]target[:options]"),
        transform: VolumeText.init)
    var volume: [VolumeText] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "The same in words: type=bind,source=/srv,target=/srv,readonly; types bind, volume, tmpfs, image.",
            valueName: "key=value,..."),
        transform: MountText.init)
    var mount: [MountText] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Put memory there: options size=64m, mode=1777, ro.", valueName: "target[:options]"),
        transform: TmpfsText.init)
    var tmpfs: [TmpfsText] = []

    @Flag(inversion: .prefixedNo, help: "With --read-only: memory on /run and /tmp.")
    var readOnlyTmpfs = true

    @Option(
        help: ArgumentHelp(
            "Bytes it may write to its root, or 512m, 1g; where the file system can.", valueName: "size"),
        transform: MemorySize.init)
    var rootSize: MemorySize?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("docker's word for --root-size.", valueName: "size=bytes", visibility: .hidden),
        transform: StorageOption.init)
    var storageOpt: [StorageOption] = []

    func apply(to spec: inout ContainerSpec) throws {
        var mounts = volume.map(\.spec) + mount.map(\.spec) + tmpfs.map(\.spec)
        if spec.readOnly, readOnlyTmpfs { mounts += MountOptions.writable(beside: mounts) }
        spec.mounts = mounts.isEmpty ? nil : mounts
        spec.rootSize = rootSize?.bytes ?? storageOpt.last?.size.bytes
    }

    /// What most programs must write to, where nothing else was asked for.
    private static func writable(beside mounts: [MountSpec]) -> [MountSpec] {
        var run = MountSpec(.tmpfs, target: "/run")
        run.mode = 0o755
        let taken = Set(mounts.map(\.target))
        return [run, MountSpec(.tmpfs, target: "/tmp")].filter { !taken.contains($0.target) }
    }
}

/// `size=10g`: all that there is of docker's `--storage-opt` here.
struct StorageOption: Equatable {
    let size: MemorySize

    init(_ text: String) throws {
        guard text.hasPrefix("size=") else {
            throw ValidationError("\"\(text)\" is no storage option: there is size=BYTES")
        }
        size = try MemorySize(String(text.dropFirst("size=".count)))
    }
}
