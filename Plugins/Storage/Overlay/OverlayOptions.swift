import Linux

/// The directories and words of one overlay mount.
struct OverlayOptions {
    /// Uppermost first, as overlayfs wants them.
    var lower: [Descriptor]
    /// `nil` makes a read-only file system.
    var writable: Writable?

    struct Writable {
        var upper: Descriptor
        var work: Descriptor
        /// Skip all syncs: the file system ends with the container.
        var volatile: Bool
    }

    /// Devices in an image must not work, whoever owns the container's ids.
    var attributes: MountAttributes { writable == nil ? [.noDevices, .readOnly] : .noDevices }

    /// What the driver relies on, said out loud whatever the distribution's module defaults are: an upper directory that
    /// can be made a layer as it is, and no attribute in a layer that could point elsewhere.
    static let constants = [("index", "off"), ("metacopy", "off"), ("redirect_dir", "nofollow")]

    private static let volatileFlag = "volatile"
}

// MARK: Directories by descriptor (Linux 6.13)
extension OverlayOptions {
    /// Whether this kernel's overlayfs takes descriptors.
    ///
    /// An older one answers EOPNOTSUPP, or takes nothing but text.
    static func areDescriptorsTaken(_ directory: Directory) -> Bool {
        guard let context = try? FileSystemContext("overlay") else { return false }
        return (try? context.set("lowerdir+", directory.descriptor)) != nil
    }

    /// Makes the detached mount, on any thread.
    func mountByDescriptor() throws(Errno) -> Descriptor {
        let context = try FileSystemContext("overlay")
        for directory in lower { try context.set("lowerdir+", directory) }
        if let writable {
            try context.set("upperdir", writable.upper)
            try context.set("workdir", writable.work)
            if writable.volatile { try context.set(flag: Self.volatileFlag) }
        }
        for (key, value) in Self.constants { try context.set(key, value) }
        return try context.mount(attributes).shared()
    }
}

// MARK: Directories by number
extension OverlayOptions {
    /// `fsconfig` takes a value of 255 bytes, so about sixty layers when numbers have three digits.
    private static let longestValue = 255

    /// Every directory by the number of its descriptor: with /proc/thread-self/fd as the working directory, a number is a
    /// path, short enough for many layers and safe from anything that a name could be swapped for.
    ///
    /// Key and value in the order they are set; a key without a value is a flag.
    private var settings: [(key: String, value: String?)] {
        let lowerText = lower.map { "\($0.rawValue)" }.joined(separator: ":")
        var settings: [(key: String, value: String?)] = [("lowerdir", lowerText)]
        if let writable {
            settings += [("upperdir", "\(writable.upper.rawValue)"), ("workdir", "\(writable.work.rawValue)")]
            if writable.volatile { settings.append((Self.volatileFlag, nil)) }
        }
        return settings + Self.constants.map { ($0.0, $0.1) }
    }

    /// Makes the detached mount, on the mount thread. Linux 5.19 and later.
    func mountByNumber(_ slots: MountSlots) throws(Errno) -> Descriptor {
        let settings = settings
        guard settings.allSatisfy({ $0.value?.utf8.count ?? 0 <= Self.longestValue }) else {
            let words = settings.map { setting in setting.value.map { "\(setting.key)=\($0)" } ?? setting.key }
            let mount = try slots.mount("overlay", options: words.joined(separator: ",")).shared()
            try Mount.change(mount, set: attributes)
            return mount
        }
        let context = try FileSystemContext("overlay")
        for setting in settings {
            if let value = setting.value {
                try context.set(setting.key, value)
            } else {
                try context.set(flag: setting.key)
            }
        }
        return try context.mount(attributes).shared()
    }
}
