internal import Linux
internal import Systemd

// The agent's program. What it does is in `Agent`; what it is at its edges, in `Program`.
EventLoop.blockAllSignals()
Process.exit(Program.run(CommandLine.arguments.dropFirst()))
