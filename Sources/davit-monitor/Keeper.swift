internal import CLinux

/// Keeps a running container: its output goes to the log and to all who watch, its input comes from those.
struct Keeper {
    let child: Offspring
    let log: LogFile?
    /// Output first, then the error output when it is apart.
    let relays: [Relay]
    /// Where what the program reads is written to; -1 when that is not with us.
    let input: Int32
    /// What is written to the terminal.
    private var feed: Feed
    /// Whether the agent may still ask for something.
    private var listens = true

    init(child: Offspring, log: LogFile?, relays: [Relay], input: Int32, feed: Int32) {
        self.child = child
        self.log = log
        self.relays = relays
        self.input = input
        self.feed = Feed(from: feed, to: input)
    }

    /// Passes output on until the main process has ended. After a second without any the buffers are given back.
    mutating func keep() -> Exit {
        var resting = true
        while true {
            var polls = [
                davit_poll(descriptor: child.pidfd, events: Kernel.readable, ready: 0),
                davit_poll(descriptor: listens ? Descriptors.control : -1, events: Kernel.readable, ready: 0),
                feed.poll,
            ]
            polls += relays.map { $0.poll }
            let ready = unsafe davit_poll_many(&polls, polls.count, resting ? -1 : 1000)
            if ready == 0 { rest() }
            resting = ready == 0
            for (index, relay) in relays.enumerated() where polls[index + 3].ready != 0 {
                _ = relay.pump(into: log)
            }
            if polls[2].ready != 0 { feed.pump() }
            if polls[1].ready != 0 { carryOut(Request.next()) }
            if polls[0].ready != 0, let exit = child.collect() { return exit }
        }
    }

    private func rest() {
        for relay in relays { relay.rest() }
        log?.rest()
    }

    private mutating func carryOut(_ request: Request) {
        switch request {
        case .attach(let number, let descriptors): attach(number, descriptors)
        case .detach(let number):
            for relay in relays { relay.drop { $0.number == number } }
        case .resize(let rows, let columns):
            _ = davit_resize_terminal(input, UInt16(truncatingIfNeeded: rows), UInt16(truncatingIfNeeded: columns))
        case .unknown: break
        case .end: listens = false
        }
    }

    private func attach(_ number: Int, _ descriptors: [Int32]) {
        for (index, descriptor) in descriptors.enumerated() {
            if index < relays.count {
                relays[index].add(Copy(number: number, descriptor: descriptor))
            } else {
                _ = davit_close(descriptor)
            }
        }
        Control.attached(number, input: input)
    }

    /// Takes what is still in the pipes. A client that takes nothing for two seconds is given up: the agent, which waits
    /// for the word of the end, loses its patience after five.
    func drain() {
        for relay in relays {
            while relay.pump(into: log) || relay.slowest >= 0 {
                let client = relay.slowest
                guard client >= 0 else { continue }
                if davit_poll(client, Int32(Kernel.writable), 2000) == 0 { relay.drop { $0.descriptor == client } }
            }
            relay.finish(into: log)
        }
    }
}
