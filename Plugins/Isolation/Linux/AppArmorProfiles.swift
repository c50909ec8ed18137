import Linux

/// The profiles that the kernel's AppArmor has, as it lists them: `NAME (MODE)` a line.
struct AppArmorProfiles: Sendable {
    private let names: Set<Substring>

    /// Lines of another form are skipped.
    init(list: String) {
        names = Set(
            list.split(separator: "\n").compactMap { line in
                guard let mode = line.lastIndex(of: "("), line[..<mode].last == " " else { return nil }
                return line[..<mode].dropLast()
            })
    }

    /// Whether a program can get this label. Of a stack (`one//&other`) or another namespace (`:name:profile`) only the
    /// kernel can tell.
    func have(_ label: String) -> Bool {
        label.hasPrefix(":") || label.contains("&") || names.contains(Substring(label))
    }

    /// What is loaded now; `nil` where that can't be read, so that only the kernel can tell. Blocks shortly.
    static var loaded: AppArmorProfiles? {
        guard let bytes = try? Directory(path: "/sys/kernel/security/apparmor").read("profiles", limit: 4 << 20) else {
            return nil
        }
        return AppArmorProfiles(list: String(decoding: bytes, as: UTF8.self))
    }
}
