internal import CLinux

/// What the kernel has to tell, as `dmesg` shows it.
public enum KernelLog {
    /// The last lines that fit into `count` bytes; reading takes nothing away.
    ///
    /// The corresponding C function is `klogctl(SYSLOG_ACTION_READ_ALL)`. Throws ``Errno/notPermitted`` without
    /// CAP_SYSLOG where `kernel.dmesg_restrict` is on.
    public static func tail(upTo count: Int) throws(Errno) -> [UInt8] {
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            let got = unsafe davit_kernel_log(base, buffer.count)
            used = max(0, Int(got))
            if got < 0 { failure = Errno(rawValue: Int32(truncatingIfNeeded: -got)) }
        }
        if let failure { throw failure }
        return bytes
    }
}
