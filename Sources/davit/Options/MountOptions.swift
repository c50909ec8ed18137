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
        let mounts = volume.map(\.spec) + mount.map(\.spec) + tmpfs.map(\.spec)
        spec.mounts = mounts.isEmpty ? nil : mounts
        spec.rootSize = rootSize?.bytes ?? storageOpt.last?.size.bytes
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
