/// The words of one overlay mount, in which every directory is named by the number of an open descriptor.
///
/// The mount is made with /proc/thread-self/fd as the working directory, so that a number is a path: short enough for
/// many layers, and safe from anything that a name could be swapped for.
struct OverlayOptions: Hashable {
    /// Uppermost first, as overlayfs wants them.
    var lower: [Int32]
    /// `nil` makes a read-only file system.
    var writable: Writable?

    struct Writable: Hashable {
        var upper: Int32
        var work: Int32
        /// Skip all syncs: the file system ends with the container.
        var volatile: Bool
    }

    /// `fsconfig` takes a value of 255 bytes, so about sixty layers when numbers have three digits.
    static let longestValue = 255

    /// Whether `fsconfig` can take it; otherwise `mount` must, with a page for all options.
    var fitsFileSystemConfiguration: Bool { lowerText.utf8.count <= Self.longestValue }

    var lowerText: String { lower.map(String.init).joined(separator: ":") }

    /// Key and value in the order they are set; a key without a value is a flag.
    ///
    /// The last three say out loud what the driver relies on, whatever the distribution's module defaults are: an upper
    /// directory that can be made a layer as it is, and no attribute in a layer that could point elsewhere.
    var settings: [(key: String, value: String?)] {
        var settings: [(key: String, value: String?)] = [("lowerdir", lowerText)]
        if let writable {
            settings += [("upperdir", "\(writable.upper)"), ("workdir", "\(writable.work)")]
            if writable.volatile { settings.append(("volatile", nil)) }
        }
        return settings + [("index", "off"), ("metacopy", "off"), ("redirect_dir", "nofollow")]
    }

    /// The same as one line for `mount`.
    var text: String {
        settings.map { setting in setting.value.map { "\(setting.key)=\($0)" } ?? setting.key }.joined(separator: ",")
    }
}
