import CNettle

/// A running SHA-256; nettle uses the processor's own instructions where it has them.
struct Sha256 {
    private var context = sha256_ctx()

    init() { unsafe nettle_sha256_init(&context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe nettle_sha256_update(&context, bytes.count, bytes.bindMemory(to: UInt8.self).baseAddress)
    }

    /// The digest of what came so far as 64 lower-case hexadecimal digits. Does not end the running digest.
    func hexadecimal() -> String {
        var last = context
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe digest.withUnsafeMutableBufferPointer { unsafe nettle_sha256_digest(&last, $0.count, $0.baseAddress) }
        return String(
            decoding: digest.flatMap { [Self.digits[Int($0 >> 4)], Self.digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
