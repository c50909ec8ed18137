function __davit_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __davit_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __davit_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __davit_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __davit_parse_tokens -S
    set -l unparsed_tokens (__davit_tokens -pc)
    switch $unparsed_tokens[1]
    case 'davit'
        __davit_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'run'
            __davit_parse_subcommand -r 1 'socket=' 'd/detach' 'name=' 'rm' 'e/env=+' 'env-file=+' 'w/workdir=' 'u/user=' 'entrypoint=' 'm/memory=' 'pids=' 'cpus=' 'network=' 'read-only' 'h/hostname=' 'l/label=+' 'i/interactive' 'stop-timeout=' 'version' 'help'
        case 'create'
            __davit_parse_subcommand -r 1 'socket=' 'name=' 'rm' 'e/env=+' 'env-file=+' 'w/workdir=' 'u/user=' 'entrypoint=' 'm/memory=' 'pids=' 'cpus=' 'network=' 'read-only' 'h/hostname=' 'l/label=+' 'i/interactive' 'stop-timeout=' 'version' 'help'
        case 'start'
            __davit_parse_subcommand -r 1 'socket=' 'a/attach' 'i/interactive' 'version' 'h/help'
        case 'stop'
            __davit_parse_subcommand -r 1 'socket=' 't/time=' 'version' 'h/help'
        case 'kill'
            __davit_parse_subcommand -r 1 'socket=' 's/signal=' 'version' 'h/help'
        case 'wait'
            __davit_parse_subcommand -r 1 'socket=' 'version' 'h/help'
        case 'rm'
            __davit_parse_subcommand -r 1 'socket=' 'f/force' 'version' 'h/help'
        case 'ps'
            __davit_parse_subcommand 0 'socket=' 'a/all' 'q/quiet' 'f/filter=+' 'json' 'jsonl' 'version' 'h/help'
        case 'logs'
            __davit_parse_subcommand 1 'socket=' 'n/tail=' 'since=' 'f/follow' 't/timestamps' 'json' 'jsonl' 'version' 'h/help'
        case 'images'
            __davit_parse_subcommand 0 'socket=' 'q/quiet' 'json' 'jsonl' 'version' 'h/help'
        case 'load'
            __davit_parse_subcommand 1 'socket=' 'i/input=' 'platform=' 't/tag=' 'json' 'jsonl' 'version' 'h/help'
        case 'tag'
            __davit_parse_subcommand 2 'socket=' 'version' 'h/help'
        case 'rmi'
            __davit_parse_subcommand -r 1 'socket=' 'version' 'h/help'
        case 'inspect'
            __davit_parse_subcommand -r 1 'socket=' 'json' 'jsonl' 'version' 'h/help'
        case 'drivers'
            __davit_parse_subcommand 0 'socket=' 'json' 'jsonl' 'version' 'h/help'
        case 'events'
            __davit_parse_subcommand 0 'socket=' 'from=' 'snapshot' 'kind=+' 'once' 'json' 'jsonl' 'version' 'h/help'
        case 'info'
            __davit_parse_subcommand 0 'socket=' 'json' 'jsonl' 'version' 'h/help'
        case 'daemon'
            __davit_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'reload'
                __davit_parse_subcommand 0 'socket=' 'version' 'h/help'
            end
        case 'call'
            __davit_parse_subcommand 2 'socket=' 'version' 'h/help'
        case 'schema'
            __davit_parse_subcommand 1 'socket=' 'json' 'jsonl' 'version' 'h/help'
        case 'version'
            __davit_parse_subcommand 0 'socket=' 'client' 'version' 'h/help'
        case 'help'
            __davit_parse_subcommand -r 1 'version'
        end
    end
end

function __davit_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __davit_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __davit_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __davit_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__davit_tokens -p)
    if test -z "$(__davit_tokens -t)"
        set -l index (count (__davit_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'davit' -f
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'run' -d 'Run a program in a new container.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'create' -d 'Make a container without starting it.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'start' -d 'Start containers that are created or have ended.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'stop' -d 'Ask containers to end, and kill those that have not after a while.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'kill' -d 'Send a signal to the main process of containers.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'wait' -d 'Wait until containers have ended, and print their exit codes.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'rm' -d 'Remove containers, their files and their logs.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'ps' -d 'List containers.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'logs' -d 'Show what a container\'s program wrote.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'images' -d 'List images.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'load' -d 'Take in images from an OCI layout or a docker archive.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'tag' -d 'Give an image one more name.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'rmi' -d 'Take names off images; an image goes with its last name.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'inspect' -d 'Show all that is known of containers and images.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'drivers' -d 'List drivers, refused ones too, with the reason.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'events' -d 'Show what happens, as it happens.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'info' -d 'Show the agent, its host and what it keeps.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'daemon' -d 'Tell the agent what to do with itself.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'call' -d 'Call any method of the protocol.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'schema' -d 'Show the protocol\'s methods.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'version' -d 'Show the versions of this client and of the agent.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" d detach' -l 'detach' -s 'd' -d 'Print the container\'s id and leave it running.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" name' -l 'name' -d 'A name for the container.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" rm' -l 'rm' -d 'Remove the container when it ends.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run"' -l 'env' -s 'e' -d 'Set a variable; NAME alone takes your own.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run"' -l 'env-file' -d 'Read variables, one a line.' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" w workdir' -s 'w' -l 'workdir' -d 'The working directory.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" u user' -s 'u' -l 'user' -d 'Who the program runs as.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" entrypoint' -l 'entrypoint' -d 'Run this instead of the image\'s entrypoint; "" for none.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" m memory' -s 'm' -l 'memory' -d 'Memory at most: bytes, or 512k, 64m, 1g.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" pids pids-limit' -l 'pids' -l 'pids-limit' -d 'Processes and threads at most; -1 for any number.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" cpus' -l 'cpus' -d 'Processors at most, such as 1.5.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" net network' -l 'network' -l 'net' -d 'The network: none or host.' -rfka 'none host'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" read-only' -l 'read-only' -d 'Make the container\'s root read-only.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" h hostname' -s 'h' -l 'hostname' -d 'The host name inside.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run"' -l 'label' -s 'l' -d 'Set a label.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" i interactive' -l 'interactive' -s 'i' -d 'Give the program your standard input.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" stop-timeout' -l 'stop-timeout' -d 'Seconds between the stop signal and SIGKILL (default: 10).' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit run" help' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" name' -l 'name' -d 'A name for the container.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" rm' -l 'rm' -d 'Remove the container when it ends.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create"' -l 'env' -s 'e' -d 'Set a variable; NAME alone takes your own.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create"' -l 'env-file' -d 'Read variables, one a line.' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" w workdir' -s 'w' -l 'workdir' -d 'The working directory.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" u user' -s 'u' -l 'user' -d 'Who the program runs as.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" entrypoint' -l 'entrypoint' -d 'Run this instead of the image\'s entrypoint; "" for none.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" m memory' -s 'm' -l 'memory' -d 'Memory at most: bytes, or 512k, 64m, 1g.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" pids pids-limit' -l 'pids' -l 'pids-limit' -d 'Processes and threads at most; -1 for any number.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" cpus' -l 'cpus' -d 'Processors at most, such as 1.5.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" net network' -l 'network' -l 'net' -d 'The network: none or host.' -rfka 'none host'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" read-only' -l 'read-only' -d 'Make the container\'s root read-only.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" h hostname' -s 'h' -l 'hostname' -d 'The host name inside.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create"' -l 'label' -s 'l' -d 'Set a label.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" i interactive' -l 'interactive' -s 'i' -d 'Give the program your standard input.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" stop-timeout' -l 'stop-timeout' -d 'Seconds between the stop signal and SIGKILL (default: 10).' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit create" help' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit start" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit start" a attach' -l 'attach' -s 'a' -d 'Show the program\'s output and end with its exit status.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit start" i interactive' -l 'interactive' -s 'i' -d 'With -a: give the program your standard input.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit start" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit start" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit stop" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit stop" t time timeout' -s 't' -l 'time' -l 'timeout' -d 'Wait so long before SIGKILL (default: the container\'s own).' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit stop" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit stop" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit kill" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit kill" s signal' -s 's' -l 'signal' -d 'A name, with or without SIG, or a number.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit kill" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit kill" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit wait" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit wait" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit wait" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit rm" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit rm" f force' -l 'force' -s 'f' -d 'Kill those that run.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit rm" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit rm" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps" a all' -l 'all' -s 'a' -d 'Show those that do not run, too.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps" q quiet' -l 'quiet' -s 'q' -d 'Print ids only.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps"' -s 'f' -l 'filter' -d 'Only some: label=NAME=VALUE or status=STATUS; may be given again.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit ps" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" n tail' -s 'n' -l 'tail' -d 'Only the last so many lines, or all.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" since' -l 'since' -d 'Only what came later: 2026-11-23T21:30:00Z, 10m, or seconds.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" f follow' -l 'follow' -s 'f' -d 'Go on until the container ends.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" t timestamps' -l 'timestamps' -s 't' -d 'Begin each line with its time.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit logs" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit images" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit images" q quiet' -l 'quiet' -s 'q' -d 'Print ids only.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit images" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit images" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit images" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit images" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" i input' -s 'i' -l 'input' -d 'An archive, or the directory of an OCI layout.' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" platform' -l 'platform' -d 'Another machine\'s image: os/architecture[/variant].' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" t tag' -s 't' -l 'tag' -d 'Call the image so, instead of the names in the archive.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit load" -eq 1' -F
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit load" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit tag" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit tag" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit tag" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit rmi" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit rmi" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit rmi" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit inspect" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit inspect" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit inspect" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit inspect" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit inspect" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit drivers" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit drivers" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit drivers" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit drivers" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit drivers" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" from since' -l 'from' -l 'since' -d 'now, oldest, a cursor to go on after, or a time.' -rfka ''
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" snapshot' -l 'snapshot' -d 'Begin with the containers as they are.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events"' -l 'kind' -d 'Only events of this kind.' -rfka 'container.created container.started container.exited container.failed container.removed image.loaded image.tagged image.removed driver.unhealthy'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" once' -l 'once' -d 'End after the events that are there.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit events" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit info" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit info" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit info" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit info" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit info" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit daemon" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit daemon" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_positional "davit daemon" -eq 1' -fa 'reload' -d 'Read the configuration again; a wrong one is refused and the old one stays.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit daemon reload" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit daemon reload" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit daemon reload" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit call" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit call" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit call" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit schema" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit schema" json' -l 'json' -d 'Print one JSON document, equal to the protocol\'s result.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit schema" jsonl' -l 'jsonl' -d 'Print a JSON document a line, one for each thing.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit schema" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit schema" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit version" socket' -l 'socket' -d 'The agent\'s socket (default: $DAVIT_SOCKET or /run/davit/davit.sock).' -rF
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit version" client' -l 'client' -d 'Ask nobody: this client\'s only.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit version" version' -l 'version' -d 'Show the version.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit version" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'davit' -n '__davit_should_offer_completions_for_flags_or_options "davit help" version' -l 'version' -d 'Show the version.'
