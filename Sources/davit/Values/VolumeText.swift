import ArgumentParser
import Linux
import Model

/// `source:target:options`, `source:target` or `target`: a source with a slash is a path of the host, one without is a
/// volume, and none is a volume without a name.
struct VolumeText: Equatable {
    let spec: MountSpec

    init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), !parts.contains("") else {
            throw ValidationError("\"\(text)\" is no volume: write SOURCE:TARGET, SOURCE:TARGET:OPTIONS or TARGET")
        }
        guard parts.count > 1 else {
            spec = MountSpec(.volume, target: parts[0])
            return
        }
        let isPath = parts[0].contains("/") || parts[0].hasPrefix(".")
        let source = isPath ? try HostPathText(parts[0]).absolute : parts[0]
        var spec = MountSpec(isPath ? .bind : .volume, source: source, target: parts[1])
        for option in parts.count > 2 ? parts[2].split(separator: ",").map(String.init) : [] {
            try VolumeText.apply(option, to: &spec)
        }
        self.spec = spec
    }

    private static func apply(_ option: String, to spec: inout MountSpec) throws {
        if let propagation = MountSpec.Propagation(rawValue: option) {
            spec.propagation = propagation
            return
        }
        switch option {
        case "ro", "readonly": spec.readOnly = true
        case "rw": spec.readOnly = nil
        case "nocopy": spec.noCopy = true
        case "bind", "norecursive": spec.recursive = false
        case "rbind": spec.recursive = nil
        case "idmap=false", "noidmap": spec.idMap = false
        case "idmap", "idmap=true": spec.idMap = nil
        // What they ask for holds anyway: labels where SELinux is, and no set-uid programs and devices from outside.
        case "z", "Z", "nosuid", "nodev", "copy": break
        default:
            throw ValidationError(
                "\"\(option)\" is no option of a volume: there are ro, rw, nocopy, norecursive, idmap=false, and "
                    + MountSpec.Propagation.allCases.map(\.rawValue).joined(separator: ", "))
        }
    }
}

/// A path as the caller's shell has it.
struct HostPathText {
    let absolute: String

    init(_ text: String) throws {
        guard !text.hasPrefix("/") else {
            absolute = text
            return
        }
        let here = try Directory(path: ".").descriptor.currentPath()
        let parts = (here + "/" + text).split(separator: "/").filter { $0 != "." }
        var kept: [Substring] = []
        for part in parts { if part == ".." { _ = kept.popLast() } else { kept.append(part) } }
        absolute = "/" + kept.joined(separator: "/")
    }
}
