import Linux
import Model

/// Our own input, handed on to a program: keys to its terminal, or bytes to its pipe.
final class Keyboard {
    /// Where it goes; nil when there is nothing more to hand on.
    private(set) var target: Descriptor?
    private var keys: DetachKeys
    private let hasTerminal: Bool

    /// With a terminal ours must be raw, so that it hands on every key.
    init(to target: Descriptor, hasTerminal: Bool, keys: DetachKeys) {
        self.target = target
        self.keys = keys
        self.hasTerminal = hasTerminal
    }

    /// Hands on what there is. True: it was the keys to leave by.
    func pump() -> Bool {
        guard let bytes = try? StandardStream.input.read(upTo: 4096), !bytes.isEmpty, let target else {
            // The end of the input closes the pipe; a terminal that is gone has no more keys.
            self.target = nil
            return false
        }
        guard hasTerminal else {
            write(bytes, to: target)
            return false
        }
        let (pass, isDetached) = keys.filter(bytes)
        write(pass, to: target)
        return isDetached
    }

    /// A terminal's other side does not block: the monitor reads there too.
    private func write(_ bytes: [UInt8], to target: Descriptor) {
        var rest = bytes[...]
        while !rest.isEmpty {
            do { rest = rest.dropFirst(try target.write(some: rest)) } catch {
                guard error == .wouldBlock, (try? target.waitWritable()) != nil else {
                    self.target = nil
                    return
                }
            }
        }
    }
}
