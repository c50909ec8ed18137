internal import CLinux
internal import LaunchPlanEmbedded

/// Rules as this kernel can keep them: rights that it doesn't know are left out.
struct Landlock {
    private let rules: LandlockRules
    private let known: LandlockRules

    /// `LANDLOCK_ACCESS_FS_*` by the version of the interface that brought the last of them.
    private static let files: [(version: Int32, rights: UInt64)] = [(1, 0x1FFF), (2, 0x3FFF), (3, 0x7FFF), (5, 0xFFFF)]
    private static let (networkSince, scopeSince): (Int32, Int32) = (4, 6)
    /// EXECUTE, WRITE_FILE, READ_FILE, TRUNCATE, IOCTL_DEV: what a rule on a single file may grant.
    private static let rightsOfFiles: UInt64 = 0x1 | 0x2 | 0x4 | 0x4000 | 0x8000

    /// nil: this kernel has nothing of it.
    init?(_ rules: LandlockRules) {
        let version = davit_landlock_version()
        let rights = Self.files.last { $0.version <= version }?.rights ?? 0
        known = LandlockRules(
            files: rules.files & rights, network: version >= Self.networkSince ? rules.network & 0x3 : 0,
            scope: version >= Self.scopeSince ? rules.scope & 0x3 : 0)
        self.rules = rules
        if known.files == 0 && known.network == 0 && known.scope == 0 { return nil }
    }

    func restrict(below root: NewRoot) throws(Failure) {
        let ruleset = try check(davit_landlock_ruleset(known.files, known.network, known.scope))
        for rule in rules.paths { try allow(rule, ruleset, root) }
        for rule in rules.ports where rule.access & known.network != 0 {
            try check(davit_landlock_allow_port(ruleset, UInt64(rule.port), rule.access & known.network))
        }
        try check(davit_landlock_restrict(ruleset))
        _ = davit_close(ruleset)
    }

    private func allow(_ rule: LandlockRules.PathRule, _ ruleset: Int32, _ root: NewRoot) throws(Failure) {
        guard let place = try root.existing(rule.path) else { return }
        defer { _ = davit_close(place) }
        let isDirectory = try Mounted(place).isDirectory()
        let access = rule.access & known.files & (isDirectory ? .max : Self.rightsOfFiles)
        if access != 0 { try check(davit_landlock_allow_path(ruleset, place, access)) }
    }
}
