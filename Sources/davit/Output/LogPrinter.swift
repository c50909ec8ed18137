import Wire

/// Writes a container's log as its program did: standard output to ours, standard error to ours.
struct LogPrinter {
    let hasTimestamps: Bool
    private var output = Output(.output)
    private var error = Output(.error)
    private var unfinished: Set<String> = []
    private var current = ""

    init(hasTimestamps: Bool) { self.hasTimestamps = hasTimestamps }

    mutating func add(_ line: LogLine) {
        // Where both go to one place the lines keep their order.
        if line.stream != current { flush() }
        current = line.stream
        let bytes = text(of: line)
        if line.stream == "stderr" { error.add(bytes) } else { output.add(bytes) }
    }

    mutating func flush() {
        output.flush()
        error.flush()
    }

    private mutating func text(of line: LogLine) -> [UInt8] {
        let isBeginning = unfinished.remove(line.stream) == nil
        let isPartial = line.partial ?? false
        if isPartial { unfinished.insert(line.stream) }
        let time = hasTimestamps && isBeginning ? "\(Moment(nanoseconds: line.time)) " : ""
        let content = line.text.map { Array($0.utf8) } ?? line.base64.flatMap { [UInt8](base64: $0) } ?? []
        return Array(time.utf8) + content + (isPartial ? [] : [UInt8(ascii: "\n")])
    }
}
