import ArgumentParser
import Model

/// `type=bind,source=/srv,target=/data,readonly`: docker's and podman's words for a mount.
struct MountText: Equatable {
    let spec: MountSpec

    init(_ text: String) throws {
        let fields = try text.split(separator: ",").map { try Assignment(String($0)) }
        let type = fields.last { $0.name == "type" }?.value ?? "volume"
        guard let kind = MountSpec.Kind(rawValue: type) else {
            let kinds = MountSpec.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(type)\" is no type of mount: there are \(kinds)")
        }
        var spec = MountSpec(kind, target: "")
        for field in fields where field.name != "type" { try MountText.apply(field, to: &spec) }
        guard !spec.target.isEmpty else { throw ValidationError("\"\(text)\" has no target: write target=/PATH") }
        if kind == .bind { spec.source = try spec.source.map { try HostPathText($0).absolute } }
        self.spec = spec
    }

    private static func apply(_ field: Assignment, to spec: inout MountSpec) throws {
        switch field.name {
        case "source", "src", "from": spec.source = field.value
        case "target", "dst", "dest", "destination": spec.target = field.value ?? ""
        case "readonly", "ro": spec.readOnly = try isOn(field) ? true : nil
        case "rw", "readwrite": spec.readOnly = try isOn(field) ? nil : true
        case "bind-propagation", "propagation": spec.propagation = try propagation(field)
        case "bind-nonrecursive": spec.recursive = try isOn(field) ? false : nil
        case "bind-recursive": spec.recursive = try recursion(field)
        case "recursive": spec.recursive = try isOn(field) ? nil : false
        case "idmap", "id-map": spec.idMap = try isOn(field) ? nil : false
        case "volume-nocopy", "nocopy": spec.noCopy = try isOn(field) ? true : nil
        case "tmpfs-size", "size": spec.size = try MemorySize(field.value ?? "").bytes
        case "tmpfs-mode", "mode": spec.mode = try TmpfsText.mode(field.value ?? "")
        default:
            throw ValidationError(
                "\"\(field.name)\" is no key of a mount: there are type, source, target, readonly, bind-propagation, "
                    + "bind-recursive, idmap, volume-nocopy, tmpfs-size, tmpfs-mode")
        }
    }

    /// A key alone is on.
    private static func isOn(_ field: Assignment) throws -> Bool {
        switch field.value {
        case nil, "true", "1": true
        case "false", "0": false
        default: throw ValidationError("\"\(field.value ?? "")\" is neither true nor false: \(field.name)")
        }
    }

    private static func propagation(_ field: Assignment) throws -> MountSpec.Propagation {
        guard let propagation = MountSpec.Propagation(rawValue: field.value ?? "") else {
            let all = MountSpec.Propagation.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(field.value ?? "")\" is no propagation: there are \(all)")
        }
        return propagation
    }

    /// docker's words; a read-only mount is read-only with all below it here whatever is asked.
    private static func recursion(_ field: Assignment) throws -> Bool? {
        switch field.value {
        case "enabled", "readonly": nil
        case "disabled": false
        default: throw ValidationError("bind-recursive is enabled, disabled or readonly")
        }
    }
}

/// `/path` or `/path:size=64m,mode=1777,ro`.
struct TmpfsText: Equatable {
    let spec: MountSpec

    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        var spec = MountSpec(.tmpfs, target: parts.first ?? "")
        for option in parts.count > 1 ? parts[1].split(separator: ",") : [] {
            try TmpfsText.apply(Assignment(String(option)), to: &spec)
        }
        self.spec = spec
    }

    private static func apply(_ option: Assignment, to spec: inout MountSpec) throws {
        switch (option.name, option.value) {
        case ("size", let value?): spec.size = try MemorySize(value).bytes
        case ("mode", let value?): spec.mode = try mode(value)
        case ("ro", nil): spec.readOnly = true
        case ("rw", nil): spec.readOnly = nil
        // Both hold anyway.
        case ("nosuid", nil), ("nodev", nil): break
        default:
            throw ValidationError(
                "\"\(option.name)\" is no option of a tmpfs: there are size=BYTES, mode=OCTAL, ro, rw, nosuid, nodev")
        }
    }

    static func mode(_ text: String) throws -> Int {
        guard let mode = Int(text, radix: 8), (0...0o7777).contains(mode) else {
            throw ValidationError("\"\(text)\" is no mode: write octal digits, such as 1777")
        }
        return mode
    }
}
