internal import CLinux
internal import LaunchPlanEmbedded

/// The log of a container: whole lines, gathered and written in large pieces, in files of bounded size.
///
/// A write that fails loses its lines and is counted; it never stops the program's output from being read.
@safe final class LogFile {
    private static let capacity = 256 << 10

    private let directory: Int32
    private let maxBytes: Int
    private let files: Int
    private var file: Int32 = -1
    private var size = 0
    private var lost = 0
    // Freed never: the log lives as long as the process.
    private let buffer =
        unsafe davit_pages(LogFile.capacity)
        ?? UnsafeMutableRawPointer.allocate(byteCount: LogFile.capacity, alignment: 16)
    private var used = 0

    init(_ log: Log) {
        directory = Descriptors.ofPlan(log.directory)
        maxBytes = log.maxBytes
        files = log.files
        open()
    }

    var descriptors: [Int32] { [directory, file] }

    /// Adds one line: its head, its bytes, and a line end when it has none.
    func append(_ head: [UInt8], _ bytes: UnsafeRawPointer, _ count: Int, ended: Bool) {
        if used + LineHead.count + count + 1 > LogFile.capacity { flush() }
        unsafe davit_copy(buffer + used, head, LineHead.count)
        unsafe davit_copy(buffer + used + LineHead.count, bytes, count)
        used += LineHead.count + count
        if !ended {
            unsafe buffer.storeBytes(of: 10, toByteOffset: used, as: UInt8.self)
            used += 1
        }
        if size + used >= maxBytes {
            flush()
            rotate()
        }
    }

    /// Writes what was gathered.
    func flush() {
        guard used > 0 else { return }
        if file < 0 { open() }
        let lineCountBefore = size
        let written = unsafe writeAll(buffer, used)
        if !written {
            // Half a line must not stay: the next would be glued to it.
            if file >= 0 { _ = davit_ftruncate(file, Int64(lineCountBefore)) }
            size = lineCountBefore
            lost += used
        }
        used = 0
        if written && lost > 0 { tellLoss() }
    }

    private func writeAll(_ bytes: UnsafeRawPointer, _ count: Int) -> Bool {
        var done = 0
        while done < count {
            let written = unsafe davit_write(file, bytes + done, count - done)
            guard written > 0 else { return false }
            done += Int(written)
        }
        size += count
        return true
    }

    private func tellLoss() {
        var head = LineHead(Relay.stderr)
        head.setTime()
        let line = head.bytes(partial: false) + [UInt8]("davit: \(lost) bytes of log could not be written\n".utf8)
        if unsafe writeAll(line, line.count) { lost = 0 }
    }

    private func open() {
        let flags = Kernel.writeOnly | Kernel.create | Kernel.append | Kernel.noFollow
        file = unsafe davit_openat(directory, "log", flags, 0o640)
        var status = davit_status()
        size = 0
        guard file >= 0, unsafe davit_fstatat(file, "", Int32(Kernel.emptyPath), &status) >= 0 else { return }
        size = Int(status.size)
    }

    /// log.1 becomes log.2 and so on, log becomes log.1; the oldest goes.
    private func rotate() {
        _ = davit_close(file)
        for number in (1..<max(files, 2)).reversed() where number < files {
            let older = number == 1 ? "log" : "log.\(number - 1)"
            _ = unsafe davit_renameat2(directory, older, directory, "log.\(number)", 0)
        }
        if files == 1 { _ = unsafe davit_unlinkat(directory, "log", 0) }
        open()
    }
}
