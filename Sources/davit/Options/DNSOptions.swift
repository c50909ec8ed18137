import ArgumentParser
import Model

/// How a container looks up names.
struct DNSOptions: ParsableArguments {
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A server to ask for names, instead of the host's.", valueName: "address"))
    var dns: [String] = []

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A domain to look for names in, instead of the host's; \".\" alone for none.", valueName: "domain"))
    var dnsSearch: [String] = []

    @Option(
        name: [.long, .customLong("dns-opt")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A word of resolv.conf(5), such as ndots:2, instead of the host's.", valueName: "option"))
    var dnsOption: [String] = []

    func apply(to spec: inout ContainerSpec) {
        let search = dnsSearch == ["."] ? [] : dnsSearch
        let wishes = DNSSpec(
            servers: dns.isEmpty ? nil : dns, search: dnsSearch.isEmpty ? nil : search,
            options: dnsOption.isEmpty ? nil : dnsOption)
        if wishes != DNSSpec() { spec.dns = wishes }
    }
}
