internal import CLinux
internal import LaunchPlanEmbedded

/// Where things are when the monitor starts.
enum Descriptors {
    static let plan: Int32 = 3
    static let control: Int32 = 4
    /// The agent's end of the control socket: an agent that was restarted takes it back from here.
    static let agent: Int32 = 5

    /// The plan's descriptor of this index.
    static func ofPlan(_ index: Int) -> Int32 { Int32(truncatingIfNeeded: 6 + index) }

    /// Closes all that is not needed while the container runs, so that nothing is kept alive by us.
    static func closeOthers(keeping wanted: [Int32]) {
        let sorted = wanted.filter { $0 > 2 }.sorted()
        _ = unsafe davit_close_others(3, sorted, sorted.count)
    }
}

extension LaunchPlan {
    /// Reads the plan from its sealed memory file.
    static func received() throws(Failure) -> LaunchPlan {
        var status = davit_status()
        try check(unsafe davit_fstatat(Descriptors.plan, "", Int32(Kernel.emptyPath), &status))
        guard status.size > 0, status.size <= 16 << 20 else { throw Failure(number: Failure.invalid) }
        var bytes = [UInt8](repeating: 0, count: Int(status.size))
        let got = unsafe davit_pread(Descriptors.plan, &bytes, bytes.count, 0)
        guard got == status.size else { throw Failure(number: Failure.invalid) }
        do { return try LaunchPlan(encoded: bytes) } catch { throw Failure(number: Failure.invalid) }
    }
}
