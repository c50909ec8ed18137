import Linux

/// One of the files that the agent makes for a container's /etc.
struct EtcFile {
    /// Where it is mounted: a path without links.
    let target: String
    /// A detached mount of the file. The launch happens where the host's directories can't be reached, so that a path
    /// would not do.
    let mount: Descriptor

    /// Those that this image has a place for. There is none where a link is a loop or leads nowhere, where /etc is no
    /// directory, and where a read-only root lacks the file.
    ///
    /// - Parameter files: The directory of the files.
    static func all(of files: Descriptor, for root: ImageRoot, readOnly: Bool) throws(Errno) -> [EtcFile] {
        var all: [EtcFile] = []
        for name in ["hostname", "hosts", "resolv.conf"] {
            guard let place = try? root.withoutLinks("etc/" + name), place.exists || !readOnly else { continue }
            let file = try Directory(files).open(name, [.path, .noFollow])
            all.append(EtcFile(target: place.path, mount: try Mount.clone(of: file).shared()))
        }
        return all
    }
}
