internal import Glibc

/// Signals that do not interrupt this process but wait until somebody takes them, so that none is lost.
public struct BlockedSignals: Sendable {
    private let numbers: [Int32]

    /// Blocks these in the calling thread and in threads it starts later (`pthread_sigmask`): call it before any other
    /// thread runs. A number that is no signal is left out.
    public init(_ numbers: [Int32]) {
        self.numbers = numbers
        var set = Self.set(of: numbers)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Takes the next one (`sigwait`). Blocks until there is one; equal ones that came together are one.
    public func next() -> Int32 {
        var set = Self.set(of: numbers)
        var number: Int32 = 0
        while unsafe sigwait(&set, &number) != 0 {}
        return number
    }

    private static func set(of numbers: [Int32]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in numbers { unsafe sigaddset(&set, number) }
        return set
    }
}
