internal import Names

ResolverCommand.run(Array(CommandLine.arguments.dropFirst()))
