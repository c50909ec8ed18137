import Engine
import Model
import Testing

private let record = ExitRecord(status: 3, signal: nil, oom: false, time: 7)
private let failure = AgentError(.containerLaunchFailed, "no")

private let states: [ContainerLife.State] = [
    .created, .starting, .running(pid: 5), .stopping(pid: 5, killed: false), .stopping(pid: 5, killed: true),
    .exited(record), .failed(failure), .removing,
]

private let inputs: [ContainerLife.Input] = [
    .start, .launched(pid: 5), .launchFailed(failure), .signal(15), .signal(9), .stop(signal: 15, grace: 10),
    .stop(signal: 15, grace: 0), .graceOver, .exited(record), .remove(force: false), .remove(force: true),
]

@Suite struct `The life of a container` {
    @Test(arguments: states, inputs)
    func `a refused wish changes nothing, and a report is never refused`(
        state: ContainerLife.State, input: ContainerLife.Input
    ) {
        var life = ContainerLife(state: state, removesItself: false)
        let before = life
        do {
            _ = try life.handle(input)
        } catch {
            #expect(life == before)
            #expect(error.code == .containerWrongState)
            switch input {
            case .launched, .launchFailed, .graceOver, .exited: Issue.record("a report was refused: \(input)")
            default: break
            }
        }
    }

    @Test(arguments: states)
    func `every end of a main process releases exactly once`(state: ContainerLife.State) throws {
        var life = ContainerLife(state: state, removesItself: false)
        let first = try life.handle(.exited(record))
        let again = try life.handle(.exited(record))
        #expect(first.contains(.release) == (state.pid != nil || state == .starting))
        #expect(!again.contains(.release))
    }

    @Test func `a stop signals, waits the grace time and then kills all`() throws {
        var life = ContainerLife(state: .running(pid: 5), removesItself: false)
        #expect(try life.handle(.stop(signal: 3, grace: 10)) == [.signal(3), .startGrace(seconds: 10)])
        #expect(try life.handle(.graceOver) == [.killAll])
        #expect(try life.handle(.exited(record)) == [.cancelGrace, .tell(.containerExited), .release])
        #expect(life.state == .exited(record))
    }

    @Test func `a container that removes itself is forgotten after its end`() throws {
        var life = ContainerLife(removesItself: true)
        #expect(try life.handle(.start) == [.launch])
        #expect(try life.handle(.launched(pid: 9)) == [.tell(.containerStarted)])
        #expect(try life.handle(.exited(record)) == [.tell(.containerExited), .release, .forget])
    }

    @Test func `a forced removal kills and forgets when the end is there`() throws {
        var life = ContainerLife(state: .running(pid: 5), removesItself: false)
        #expect(try life.handle(.remove(force: true)) == [.killAll])
        #expect(try life.handle(.exited(record)).last == .forget)
    }

    @Test func `what has ended can be started again`() throws {
        for state in [ContainerLife.State.exited(record), .failed(failure), .created] {
            var life = ContainerLife(state: state, removesItself: false)
            #expect(try life.handle(.start) == [.launch])
        }
    }
}
