internal import CLinux

/// A program to become: made as C strings once, since nothing may fail halfway.
@safe struct Program {
    private static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private let path: String
    private let arguments: [UnsafePointer<CChar>?]
    private let environment: [UnsafePointer<CChar>?]
    private let searchPath: String

    init(_ path: String, _ arguments: [String], _ environment: [String]) {
        self.path = path
        unsafe self.arguments = Self.strings(arguments)
        unsafe self.environment = Self.strings(environment)
        searchPath = Self.value(of: "PATH=", in: environment) ?? Self.defaultPath
    }

    /// Returns only by an error: of the file found, or ENOENT.
    ///
    /// All descriptors but the first three are closed then, and those that are passed. Their numbers are below those of
    /// our own pipes, which are needed to the end.
    func run(passing passed: [(descriptor: Int32, number: Int32)]) throws(Failure) {
        try check(davit_close_on_exec_from(3))
        try pass(passed)
        guard !path.utf8.contains(UInt8(ascii: "/")) else {
            try check(execute(path))
            return
        }
        guard !path.utf8.isEmpty else { throw Failure(number: Failure.noSuchFile) }
        var worst = Failure.noSuchFile
        for directory in searchPath.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: true) {
            let number = 0 - execute(String(decoding: directory, as: UTF8.self) + "/" + path)
            // A file that is there but may not be run is the better news, as execvp has it.
            if number != Failure.noSuchFile && number != Failure.notDirectory { worst = number }
        }
        throw Failure(number: worst)
    }

    /// First out of the way, then to their places, so that none overwrites another.
    private func pass(_ passed: [(descriptor: Int32, number: Int32)]) throws(Failure) {
        guard let highest = passed.map({ $0.number }).max() else { return }
        var copies: [Int32] = []
        for pass in passed { copies.append(try check(davit_duplicate(pass.descriptor, highest + 1))) }
        for (index, pass) in passed.enumerated() { try check(davit_place(copies[index], pass.number)) }
    }

    private func execute(_ file: String) -> Int32 { unsafe davit_execve(file, arguments, environment) }

    private static func value(of key: StaticString, in environment: [String]) -> String? {
        let key = key.description.utf8
        guard let entry = environment.first(where: { $0.utf8.starts(with: key) }) else { return nil }
        return String(decoding: entry.utf8.dropFirst(key.count), as: UTF8.self)
    }

    /// Copies that live until exec.
    private static func strings(_ texts: [String]) -> [UnsafePointer<CChar>?] {
        var pointers: [UnsafePointer<CChar>?] = unsafe []
        for text in texts {
            let bytes = [UInt8](text.utf8) + [0]
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            unsafe davit_copy(copy, bytes, bytes.count)
            unsafe pointers.append(UnsafePointer(copy))
        }
        unsafe pointers.append(nil)
        return unsafe pointers
    }
}
