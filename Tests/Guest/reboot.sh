# Run as root at each of two boots of a machine with Davit installed and the images in $IMAGES: the first time it leaves
# containers behind, the second time it looks what became of them. Prints "ok SENTENCE" or "not ok SENTENCE", with what was
# said indented below.
set -u

phase() { davit inspect --json "$1" | jq -r .state.phase; }
fact() { davit inspect --json "$1" | jq -r ".state.$2"; }

# until_true SECONDS COMMAND...
until_true() {
    tries=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "never true: $*"; return 1; }
        sleep 0.1
    done
}

# it SENTENCE, the commands being the input
it() {
    sentence=$1
    commands=$(cat)
    # Not as a condition: -e would be off inside.
    (set -ex; eval "$commands") >/tmp/said 2>&1 </dev/null
    if [ $? = 0 ]; then echo "ok $sentence"; else echo "not ok $sentence" && sed 's/^/    /' /tmp/said; fi
}

if [ ! -e /root/booted-before ]; then
    it 'containers of every policy run before the reboot' <<'END'
touch /root/booted-before
systemctl enable --now davitd.socket davitd.service
davit load -i "$IMAGES/busybox.tar"
for policy in no on-failure always unless-stopped; do
    davit run -d --name $policy --restart $policy busybox:latest sh -c 'echo run; trap "exit 0" TERM; while :; do sleep 0.1; done'
done
for policy in on-failure always unless-stopped; do
    davit run -d --name stopped-$policy --restart $policy busybox:latest sleep 1000
    davit stop -t 0 stopped-$policy
done
davit run -d --name db busybox:latest sh -c 'trap "exit 11" TERM; while :; do sleep 0.1; done'
davit run -d --name web --depends-on db busybox:latest sh -c 'trap "sleep 1; exit 12" TERM; while :; do sleep 0.1; done'
END
    exit
fi

it 'a policy that restarts brings its container back with the host' <<'END'
for policy in on-failure always unless-stopped; do
    until_true 20 sh -c "davit inspect --json $policy | jq -e '.state.phase == \"running\"'"
    [ "$(davit logs $policy | grep -c run)" = 2 ]
done
END
it 'a container without a policy stays as the shutdown left it' <<'END'
[ "$(phase no) $(fact no exit.status)" = 'exited 0' ]
END
it 'what somebody stopped comes back with the host only where that is always' <<'END'
until_true 20 sh -c "davit inspect --json stopped-always | jq -e '.state.phase == \"running\"'"
[ "$(phase stopped-unless-stopped) $(phase stopped-on-failure)" = 'exited exited' ]
END
it 'at the shutdown each stopped on its signal, before what it depends on' <<'END'
[ "$(fact web exit.status) $(fact db exit.status)" = '12 11' ]
[ "$(fact web exit.reason) $(fact db exit.reason)" = 'stopped stopped' ]
[ "$(fact web exit.time)" -lt "$(fact db exit.time)" ]
END
it 'nothing is left of the runs before the reboot' <<'END'
davit rm -f $(davit ps -aq)
[ -z "$(ls /run/davit/containers /var/lib/davit/containers /var/lib/davit/storage/rootfs | grep -v ':$' | grep .)" ]
END
