import Linux
import TestSupport
import Testing

/// Containers on the bridge, with an agent in a network namespace of its own that plays the host.
@Suite(.serialized, .enabled(if: Checkout.isPrepared, "make test-system installs what these tests run"))
struct NetworkTests {
    @Test func `nginx is published on a port and fetched, and a port that is taken is refused`() throws {
        try withImage("nginx", ownNetwork: true) { agent in
            // The image's own configuration listens on the loopback interface alone.
            let run = try agent.davit(
                "run", "-d", "--name", "web", "-p", "8080:18080", "-p", "18080", "--entrypoint", "sh", "nginx:1", "-c",
                "sed -i s/127.0.0.1:// /etc/nginx/nginx.conf; exec nginx")
            #expect(run.succeeded, "\(run.error)")
            #expect(try agent.fetches("127.0.0.1:8080", "hello from nginx"))
            let ports = try agent.davit("port", "web").output
            #expect(ports.hasPrefix("18080/tcp -> 0.0.0.0:8080\n"), "\(ports)")
            let free = ports.split(separator: "\n").last?.split(separator: ":").last ?? ""
            #expect(try agent.fetches("127.0.0.1:\(free)", "hello from nginx"))
            #expect(try agent.davit("ps").output.contains("->18080/tcp"))

            let taken = try agent.davit("run", "--rm", "-p", "8080:80", "nginx:1")
            #expect(taken.status == .exited(125) && taken.error.contains("port.in_use"), "\(taken.error)")
            #expect(try agent.davit("rm", "-f", "web").succeeded)
            #expect(try !agent.inNetwork("socat -u OPEN:/dev/null TCP:127.0.0.1:8080,connect-timeout=1").succeeded)
        }
    }

    @Test func `containers reach one another by their own addresses, see no links of the host and leave none`() throws {
        try withImage("python", ownNetwork: true) { agent in
            let serve = """
                import socket
                server = socket.create_server(("", 80))
                while True:
                    client, place = server.accept()
                    client.sendall((socket.gethostname() + " " + place[0]).encode())
                    client.close()
                """
            let run = ["run", "-d", "--network", "bridge", "--name", "server", "-h", "one", "python:3", "-c", serve]
            #expect(try agent.davit(words: run).succeeded)
            let address = try Command.run(
                "printf '%s' \"$1\" | jq -r '.[0].state.network.addresses[0]'",
                [try agent.davit("inspect", "server").output]
            ).output.prefix { $0 != "/" }
            let ask = """
                import os, socket, time
                while True:
                    try:
                        said = socket.create_connection(("\(address)", 80), 5).makefile().read().split()
                        break
                    except ConnectionRefusedError:
                        time.sleep(0.1)
                own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                own.connect(("\(address)", 80))
                print(said[0], said[1] == own.getsockname()[0], os.listdir("/sys/class/net"))
                """
            let said = try agent.davit("run", "--rm", "--network", "bridge", "python:3", "-c", ask)
            #expect(said.output == "one True []\n", "\(said.output)\(said.error)")
            #expect(try agent.davit("rm", "-f", "server").succeeded)
            // Namespaces are closed in batches behind the answers, and their links go with them.
            let links = "while busybox ip link | grep -q '@if'; do sleep 0.1; done"
            #expect(try agent.inNetwork(links).succeeded)
        }
    }

    @Test func `an agent that is told so connects every container that says nothing`() throws {
        let configure = #"sed -i 's/^{/{ "network": "bridge",/' "$1/davitd.json""#
        try withImage("busybox", prepare: configure, ownNetwork: true) { agent in
            let route = try agent.davit("run", "--rm", "busybox:latest", "ip", "route")
            #expect(route.output.contains("default via 10.88.0.1"), "\(route.output)\(route.error)")
            let none = try agent.davit("run", "--rm", "--network", "none", "busybox:latest", "ip", "route")
            #expect(none.succeeded && none.output.isEmpty, "\(none.output)\(none.error)")
        }
    }

    @Test func `a driver that nobody uses is not in memory`() throws {
        try withImage("busybox", ownNetwork: true) { agent in
            #expect(try agent.holds("storage-overlay.so"))
            let drivers = ["bridge", "cni", "ipvlan", "macvlan"].map { "network-\($0).so" }
            let idle = try drivers.filter(agent.holds)
            #expect(idle == [])
            #expect(try agent.davit("run", "--rm", "--network", "bridge", "busybox:latest", "true").succeeded)
            let busy = try drivers.filter(agent.holds)
            #expect(busy == ["network-bridge.so"])
        }
    }

    @Test func `a route of the host to a network's addresses is told, and when it has gone`() throws {
        try withImage("busybox", ownNetwork: true) { agent in
            let run = try agent.davit(
                "run", "-d", "--name", "a", "--network", "bridge", "busybox:latest", "sleep", "1000")
            #expect(run.succeeded, "\(run.error)")
            let vpn = """
                set -e
                busybox ip link add vpn0 type dummy || busybox ip link add vpn0 type bridge
                busybox ip link set vpn0 up
                busybox ip route add 10.88.0.0/14 dev vpn0
                """
            #expect(try agent.inNetwork(vpn).succeeded)
            let told = try agent.first(event: "network.conflict")
            #expect(told.contains(" network.conflict bridge network.conflict: 10.88.0.0/20 "), "\(told)")
            #expect(told.contains("the host's route to 10.88.0.0/14 by vpn0"), "\(told)")
            #expect(try agent.said().contains("network.conflict bridge: 10.88.0.0/20 of the network bridge overlaps"))
            #expect(try agent.inNetwork("busybox ip route del 10.88.0.0/14 dev vpn0").succeeded)
            let over = try agent.first(event: "network.clear")
            #expect(over.contains(" network.clear bridge\n"), "\(over)")
            #expect(try agent.davit("rm", "-f", "a").succeeded)
        }
    }

    @Test func `networks are made, joined and left while containers run, and ports and limits change`() throws {
        try withImage("busybox", ownNetwork: true) { agent in
            try agent.shell(
                """
                set -ex
                davit network create web
                davit network create --internal --subnet 10.77.0.0/24 back
                davit network ls | grep -E 'back +bridge +10.77.0.0/24 .* internal +0'
                davit run -d --name server --network web:ip=10.88.0.9,mac=02:00:00:00:00:09 busybox:latest httpd -f -p 80 -h /etc
                davit exec server ip link show eth0 | grep 02:00:00:00:00:09
                davit run -d --name client --network web --network back busybox:latest sleep 1000
                davit exec client wget -q -O - http://10.88.0.9/hostname
                fails davit network rm web
                davit network connect --ip 10.77.0.9 back server
                davit exec client wget -q -O - http://10.77.0.9/hostname
                davit network disconnect web server
                [ "$(davit exec server ls /sys/class/net 2>/dev/null | wc -l)" = 0 ]
                fails davit exec client timeout 1 wget -q -O - http://10.88.0.9/hostname
                davit network connect web server
                davit port add server 8080:80 | grep -x '80/tcp -> 0.0.0.0:8080'
                davit network limit --ingress 8mbit --egress 1m server web
                davit inspect server | jq -e '.[0].spec.networks[1].bandwidth == {"ingress": 1000000, "egress": 1048576}'
                """)
            #expect(try agent.fetches("127.0.0.1:8080", "HTTP/1.1 404"))
            try agent.shell(
                """
                set -ex
                davit port rm server 80
                [ -z "$(davit port server)" ]
                [ "$(davit run --rm --network container:client busybox:latest ip -o addr show dev eth1 | wc -l)" -gt 0 ]
                davit run -d --name guest --network container:client busybox:latest sleep 1000
                davit rm -f server client
                davit exec guest ip -o link | grep -c . | grep -x 1
                davit rm -f guest
                davit network rm web back
                davit network ls -q | tr '\n' ' ' | grep -x 'bridge cni host ipvlan macvlan none '
                """)
            #expect(try agent.inNetwork("busybox ip link | grep dv-").status == .exited(1))
        }
    }

    @Test func `policies decide who reaches whom`() throws {
        try withImage("busybox", ownNetwork: true) { agent in
            try agent.shell(
                """
                set -ex
                for network in front back; do davit network create $network; done
                davit run -d --name db --label app=db --network back:ip=10.88.1.9 busybox:latest httpd -f -p 80 -h /etc
                davit run -d --name shop --network front busybox:latest sleep 1000
                fails davit exec shop timeout 1 wget -q -O - http://10.88.1.9/hostname
                davit policy create --allow --from network=front --to network=back,label=app=db --port 80 shop
                davit exec shop wget -q -O - http://10.88.1.9/hostname
                davit policy create --deny --to label=app=db --priority 10 walls
                davit policy ls | grep -E 'walls +10 +deny +any +label=app=db'
                davit exec shop wget -q -O - http://10.88.1.9/hostname 2>&1 | grep refused
                fails davit network rm back 2>&1 | grep network.in_use
                davit policy rm walls
                davit exec shop wget -q -O - http://10.88.1.9/hostname
                davit policy inspect shop | jq -e '.[0].spec.ports == [{"port": 80, "transport": "tcp"}]'
                davit policy rm shop
                davit rm -f db shop
                davit network rm front back
                """)
        }
    }

    @Test func `a CNI list is a network with ports, and its containers leave nothing`() throws {
        try withImage("busybox", prepare: Self.office, ownNetwork: true) { agent in
            try agent.shell(
                """
                set -ex
                davit network create --driver cni office
                davit network ls | grep -E 'office +cni +10.70.0.0/24 '
                davit run -d --name site --network office -p 8081:80 busybox:latest httpd -f -p 80 -h /etc
                davit inspect site | jq -e '.[0].state.network.addresses == ["10.70.0.2/24"]'
                davit run --rm --network office busybox:latest wget -q -O - http://10.70.0.2/hostname
                """)
            #expect(try agent.fetches("127.0.0.1:8081", "HTTP/1.1 404"))
            #expect(try agent.inNetwork("busybox ip link | grep -c master.cni7").output == "1\n")
            try agent.shell(
                """
                set -ex
                fails davit run --rm --network office -p 8081:80 busybox:latest true 2>&1 | grep port.in_use
                davit restart -t 0 site
                davit inspect site | jq -e '.[0].state.network.addresses[0] | startswith("10.70.0.")'
                davit rm -f site
                davit network rm office
                """)
            #expect(try agent.inNetwork("! iptables -w -t nat -S | grep 10.70.0.").succeeded)
            let leases = try Command.run("ls \"$1/leases/office\"", [agent.directory]).output
            #expect(!leases.contains("10.70"), "\(leases)")
        }
    }

    @Test func `a container is a machine of the LAN, beside a bridge or alone`() throws {
        try withImage("busybox", ownNetwork: true) { agent in
            let plugged = try agent.inNetwork(
                "busybox ip link add eth0 type veth && busybox ip link set eth0 up && busybox ip link set veth0 up")
            #expect(plugged.succeeded, "\(plugged.error)")
            try agent.shell(
                """
                set -ex
                fails davit run --rm --network macvlan busybox:latest true 2>&1 | grep 'davit network create --driver macvlan'
                fails davit network create --driver macvlan --opt parent=eth7 --subnet 192.0.2.0/24 lan 2>&1 | grep network.refused
                davit network create --driver macvlan --opt parent=eth0 --subnet 192.0.2.0/24 lan
                davit network ls | grep -E 'lan +macvlan +192.0.2.0/24 '
                davit run -d --name site --network lan:ip=192.0.2.77,mac=02:00:00:00:00:77 busybox:latest httpd -f -p 80 -h /etc
                davit inspect site | jq -e '.[0].state.network.connections[0] | .mac == "02:00:00:00:00:77" and .gateways == ["192.0.2.1"]'
                davit run --rm --network lan busybox:latest wget -q -O - http://192.0.2.77/hostname
                davit run -d --name client --network bridge busybox:latest sleep 1000
                davit network connect lan client
                davit exec client wget -q -O - http://192.0.2.77/hostname
                davit restart -t 0 site
                davit exec client wget -q -O - http://192.0.2.77/hostname
                davit network limit --egress 8mbit site
                fails davit network limit --ingress 8mbit site 2>&1 | grep limit.unavailable
                fails davit run --rm --network lan -p 8080:80 busybox:latest true 2>&1 | grep port.refused
                davit network disconnect lan client
                fails davit exec client ip link show eth1
                davit rm -f site client
                davit network rm lan
                """)
            #expect(try agent.inNetwork("busybox ip link | grep macvlan").status == .exited(1))
        }
    }

    /// A list, and the words of the configuration that say where it is.
    private static let office = """
        mkdir "$1/net.d" "$1/davitd.json.d"
        echo "{\\"drivers\\": {\\"settings\\": {\\"network/cni\\": {\\"config\\": {\\"conf_dirs\\": [\\"$1/net.d\\"]}}}}}" \\
            >"$1/davitd.json.d/cni.json"
        cat >"$1/net.d/10-office.conflist" <<END
        {"cniVersion": "1.0.0", "name": "office", "plugins": [
            {"type": "bridge", "bridge": "cni7", "isGateway": true, "ipMasq": true,
             "ipam": {"type": "host-local", "dataDir": "$1/leases", "ranges": [[{"subnet": "10.70.0.0/24"}]],
                      "routes": [{"dst": "0.0.0.0/0"}]}},
            {"type": "portmap", "capabilities": {"portMappings": true}}]}
        END
        """

    @Test func `a service follows its containers, and is reached from outside`() throws {
        try withImage("busybox", ownNetwork: true) { agent in
            try agent.shell(
                """
                set -ex
                for name in one two; do
                    davit run -d --name $name --label app=shop --network bridge busybox:latest \
                        sh -c "echo $name >/name; exec httpd -f -p 8000 -h /"
                done
                davit service create -s app=shop --port 80:8000 -p 8080:80 shop
                davit service inspect shop | jq -e '.[0].backends | length == 2'
                address=$(davit service inspect shop | jq -r '.[0].addresses[0]')
                davit run -d --name client --network bridge busybox:latest sleep 1000
                for try in $(seq 16); do davit exec client wget -q -O - http://$address/name; done | sort -u | tr '\n' ' ' | grep -x 'one two '
                davit stop -t 0 one
                until davit service inspect shop | jq -e '.[0].backends | length == 1'; do sleep 0.1; done
                for try in $(seq 16); do davit exec client wget -q -O - http://$address/name; done | sort -u | grep -x two
                """)
            #expect(try agent.fetches("127.0.0.1:8080", "HTTP/1.1 404"))
            try agent.shell(
                "set -ex; davit service rm shop; fails davit service inspect shop; davit rm -f one two client")
        }
    }

    @Test func `redis is reached by its name and its alias from another container`() throws {
        try withImage("redis", ownNetwork: true) { agent in
            try agent.shell(
                """
                set -ex
                davit network create --internal back
                davit run -d --name cache --network back:alias=db redis:7 --protected-mode no
                for name in cache db cache.davit.internal; do
                    until davit run --rm --network back --entrypoint redis-cli redis:7 -h $name ping | grep PONG; do sleep 0.2; done
                done
                davit run --rm --network back --entrypoint cat redis:7 /etc/resolv.conf | grep -x 'search davit.internal'
                davit rename cache store
                davit run --rm --network back --entrypoint redis-cli redis:7 -h store ping | grep PONG
                fails davit run --rm --network back --entrypoint redis-cli redis:7 -h cache ping
                # Names end at the network.
                fails davit run --rm --network bridge --entrypoint redis-cli redis:7 -h store ping
                davit rm -f store
                fails davit run --rm --network back --entrypoint redis-cli redis:7 -h db ping
                """)
        }
    }

    @Test func `a container without a network finds names as soon as it has one, in the files that it has open`() throws
    {
        try withImage("busybox", ownNetwork: true) { agent in
            try agent.shell(
                """
                set -ex
                davit run -d --name server --network bridge busybox:latest sleep 1000
                davit run -d --name box busybox:latest sleep 1000
                davit exec box sh -c 'test ! -s /etc/resolv.conf; ls -i /etc/resolv.conf /etc/hosts >/files'
                davit network connect bridge box
                davit exec box ping -c 1 -W 5 server
                davit exec box nslookup server.davit.internal
                davit exec server nslookup box.davit.internal
                address=$(davit inspect box | jq -r '.[0].state.network.addresses[0] | split("/")[0]')
                davit exec box grep "^$address " /etc/hosts
                davit network disconnect bridge box
                davit exec box sh -c 'test ! -s /etc/resolv.conf; grep ^127.0.1.1 /etc/hosts'
                davit exec box sh -c 'ls -i /etc/resolv.conf /etc/hosts | cmp - /files'
                davit rm -f server box
                """)
        }
    }

    @Test func `servers of its own are asked for a container by the name server, and by itself where there is none`()
        throws
    {
        try withImage("busybox", ownNetwork: true) { agent in
            try agent.shell(
                """
                set -ex
                cat() { davit run --rm "$@" --dns 192.0.2.1 --dns-search corp --dns-option ndots:2 busybox:latest cat /etc/resolv.conf; }
                cat --network bridge | tr '\\n' ' ' | grep -x 'nameserver 10[^ ]* \\(nameserver f[^ ]* \\)*search davit.internal corp options ndots:2 '
                for network in none host; do
                    cat --network $network | tr '\\n' ' ' | grep -x 'nameserver 192.0.2.1 search corp options ndots:2 '
                done
                """)
        }
    }

    @Test func `networks that can't publish say so`() throws {
        try withImage("busybox", ownNetwork: true) { agent in
            for network in ["none", "host"] {
                let refused = try agent.davit("run", "--rm", "--network", network, "-p", "80", "busybox:latest", "true")
                #expect(refused.status == .exited(125) && refused.error.contains("port.refused"), "\(refused.error)")
            }
        }
    }
}

extension Agent {
    /// Runs a script of commands that must all succeed.
    fileprivate func shell(_ script: String) throws {
        let said = try Command.run(
            """
            davit() { "$program" "$@"; }
            # -e does not see the end of a command behind a "!".
            fails() { if "$@"; then echo "it should have failed: $*" >&2; exit 1; fi; }
            program=$1 DAVIT_SOCKET=$2/davit.sock
            export DAVIT_SOCKET
            \(script)
            """, [Checkout.installed + "/usr/bin/davit", directory])
        #expect(said.succeeded, "\(said.error)")
    }

    /// Asks until the answer has the text, for ten seconds.
    fileprivate func fetches(_ place: String, _ text: String) throws -> Bool {
        try inNetwork(
            """
            for try in $(seq 100); do
                printf 'GET / HTTP/1.0\\r\\n\\r\\n' | socat -t 2 - TCP:\(place) | grep -q '\(text)' && exit
                sleep 0.1
            done
            exit 1
            """
        ).succeeded
    }
}
