internal import CDavitDriver
internal import JSON
internal import Model

/// What a driver may call: the C table of the host, with a driver's name behind its context. Never freed, as a driver's
/// threads may use it as long as the process lives.
@safe final class HostTable: Sendable {
    // Proof: written in init, then constant.
    nonisolated(unsafe) let table: UnsafePointer<davit_host>
    let driver: String
    let notice: @Sendable (DriverNotice) -> Void

    init(driver: String, notice: @escaping @Sendable (DriverNotice) -> Void) {
        self.driver = driver
        self.notice = notice
        let made = UnsafeMutablePointer<davit_host>.allocate(capacity: 1)
        unsafe table = UnsafePointer(made)
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        unsafe made.initialize(
            to: davit_host(
                size: MemoryLayout<davit_host>.size, abi: DAVIT_DRIVER_ABI, reserved: 0, context: context,
                log: hostLog, progress: hostProgress, event: hostEvent, extension: hostExtension))
    }

    fileprivate static func at(_ context: UnsafeMutableRawPointer?) -> HostTable? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<HostTable>.fromOpaque(context).takeUnretainedValue()
    }
}

/// A driver that writes more than this in one line is cut off.
private let lineLimit = 4096

@c private func hostLog(
    _ context: UnsafeMutableRawPointer?, _ level: Int32, _ text: UnsafePointer<CChar>, _ length: Int
) {
    let bytes = unsafe UnsafeRawBufferPointer(start: text, count: min(max(0, length), lineLimit))
    guard let host = unsafe HostTable.at(context) else { return }
    unsafe host.notice(.log(driver: host.driver, level: level, text: String(decoding: bytes, as: UTF8.self)))
}

@c private func hostProgress(
    _ context: UnsafeMutableRawPointer?, _ operation: UInt64, _ json: UnsafePointer<CChar>, _ length: Int
) {
    // No method reports progress yet.
}

@c private func hostEvent(_ context: UnsafeMutableRawPointer?, _ json: UnsafePointer<CChar>, _ length: Int) {
    let bytes = unsafe UnsafeRawBufferPointer(start: json, count: min(max(0, length), 1 << 20))
    guard let host = unsafe HostTable.at(context),
        let object = try? unsafe JSONValue(parsing: [UInt8](bytes), limits: JSONLimits(bytes: 16 << 20))
    else { return }
    host.notice(.event(driver: host.driver, object))
}

@c private func hostExtension(_ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<CChar>) -> UnsafeRawPointer? {
    nil
}
