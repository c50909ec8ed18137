# Run as root in a machine with every controller of cgroup v2, Davit installed and the images in $IMAGES: a table of
# sentences, each with the commands that show it, which run in a shell of their own and all must succeed. Prints "ok
# SENTENCE" or "not ok SENTENCE" with what the commands said indented below. The machine is ten to twenty times slower
# than others, so a row makes few containers and few processes. ONLY=word runs the rows that have the word.
set -u

busybox="busybox:latest"
phase() { davit inspect --json "$1" | jq -r .state.phase; }
pid() { davit inspect --json "$1" | jq -r .state.pid; }
exit_of() { davit inspect --json "$1" | jq -c .state.exit; }
main_pid() { systemctl show -P MainPID davitd; }
# The directory of a container's cgroup.
group() { echo "/sys/fs/cgroup/davit.slice/davit-pods.scope/$(davit inspect --json "$1" | jq -r .id)"; }
limit() { cat "$(group "$1")/$2"; }

# until_true SECONDS COMMAND...
until_true() {
    { set +x; } 2>/dev/null
    end=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $end ] || { echo "never true: $*"; return 1; }
        sleep 0.2
    done
    set -x
}

# it SENTENCE, the commands being the input
it() {
    sentence=$1
    commands=$(cat)
    case $sentence in *"${ONLY:-}"*) ;; *) return ;; esac
    # Not as a condition: -e would be off inside.
    (set -ex; eval "$commands") >/tmp/said 2>&1 </dev/null
    if [ $? = 0 ]; then echo "ok $sentence"; else echo "not ok $sentence" && sed 's/^/    /' /tmp/said; fi
}

davit load -i "$IMAGES/busybox.tar" >/tmp/said 2>&1 || { echo 'not ok the image loads'; cat /tmp/said; }

# MARK: The machine

it 'the agent has every controller where systemd is PID 1' <<'END'
systemctl is-active davitd
davit info | grep -x 'systemd:    yes'
davit info | grep -x 'Limits:     cpu, cpuset, io, memory, pids'
END
it 'all drivers are healthy on kernel 6.1' <<'END'
uname -r | grep '^6\.1\.'
davit drivers --json | jq -e '.drivers | length >= 4 and all(.state == "ready")'
END
it 'a container is confined as on other kernels' <<'END'
davit run --rm $busybox sh -c 'cat /proc/self/uid_map /proc/self/status; id -u; touch /new; stat -c %u /new /bin' >/tmp/inside
grep -E '^ +0 +[1-9][0-9]{4,} ' /tmp/inside
grep -x 'Seccomp:.2' /tmp/inside
grep -x 'NoNewPrivs:.1' /tmp/inside
[ "$(tail -n 3 /tmp/inside | tr '\n' ' ')" = '0 0 0 ' ]
END
it 'the image is mounted with mapped ids: no layer was copied' <<'END'
davit run -d --name mapped $busybox sleep 600
grep ' / / .* - overlay ' "/proc/$(pid mapped)/mountinfo"
[ "$(davit inspect --json mapped | jq -r .state.phase)" = running ]
davit rm --force mapped
[ "$(find /var/lib/davit -xdev -name busybox -type f | wc -l)" = 1 ]
[ "$(find /var/lib/davit -xdev -name busybox -type f -uid 0 | wc -l)" = 1 ]
END
it 'exit codes, output and a stop are as on other kernels' <<'END'
status=0
davit run --name seven $busybox sh -c 'echo out; echo err >&2; exit 7' || status=$?
[ $status = 7 ]
[ "$(davit logs seven 2>&1 | sort | tr '\n' ' ')" = 'err out ' ]
davit run -d --name obedient $busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.2; done'
davit stop obedient
[ "$(davit wait obedient)" = 3 ]
davit rm seven obedient
END

# MARK: Memory

it 'a program that takes more than --memory is killed' <<'END'
status=0
davit run --name glutton --memory 64m $busybox dd if=/dev/zero of=/dev/null bs=200M count=1 || status=$?
[ $status = 137 ]
END
it 'inspect tells an end for want of memory' <<'END'
exit_of glutton | jq -e '.oom == true and .signal == 9 and .reason == "oom" and (.limits | index("memory.max") != null)'
exit_of glutton | jq -e '.memory | .cgroup == "" and .victim == "dd" and .limit == 67108864 and .kills >= 1
    and .peak > 33554432 and .peak <= 67108864'
END
it 'the event of the end tells it too' <<'END'
davit events --from oldest --once --kind container.exited --jsonl >/tmp/events
jq -e 'select(.event.name == "glutton") | .event.exit.oom' /tmp/events | grep -x true
davit events --from oldest --once --kind container.exited | grep '(glutton) code=137 out of memory'
davit events --from oldest --once --kind container.oom | grep glutton
jq -e 'select(.event.name == "glutton") | .event.exit.memory.victim == "dd"' /tmp/events | grep -x true
davit rm glutton
END
it 'an end for want of memory in an exec names its group' <<'END'
davit run -d --name host --memory 64m $busybox sleep 6000
davit exec host dd if=/dev/zero of=/dev/null bs=200M count=1 || true
[ "$(davit wait host)" = 137 ]
exit_of host | jq -e '.memory.cgroup == "exec-1" and .memory.victim == "dd"'
davit rm host
END
it 'a kill for want of memory takes the whole container' <<'END'
status=0
davit run --rm --memory 32m $busybox sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=1; sleep 600' || status=$?
[ $status = 137 ]
END
it 'SIGKILL alone is not told as want of memory' <<'END'
davit run -d --name killed --memory 64m $busybox sleep 600
davit kill killed
[ "$(davit wait killed)" = 137 ]
exit_of killed | jq -e '.oom == false and .signal == 9'
davit rm killed
END

# MARK: Limits in the cgroup

it 'limits are in the files of the cgroup' <<'END'
davit run -d --name limited --memory 64m --pids 10 --cpus 0.2 $busybox sleep 6000
[ "$(limit limited memory.max)" = $((64 << 20)) ]
[ "$(limit limited memory.oom.group)" = 1 ]
[ "$(limit limited pids.max)" = 10 ]
[ "$(limit limited cpu.max)" = '20000 100000' ]
grep -x "$(pid limited)" -r "$(group limited)" --include=cgroup.procs
END
it 'a restart of the agent leaves container and limits' <<'END'
before=$(pid limited)
systemctl restart davitd
[ "$(pid limited)" = "$before" ]
[ "$(limit limited memory.max) $(limit limited pids.max)" = "$((64 << 20)) 10" ]
[ "$(limit limited cpu.max)" = '20000 100000' ]
END
it 'kill -9 of the agent leaves container and limits' <<'END'
before=$(pid limited)
agent=$(main_pid)
kill -9 "$agent"
until_true 60 sh -c "! [ -d /proc/$agent ] && systemctl is-active davitd"
[ "$(main_pid)" != "$agent" ]
[ "$(pid limited) $(phase limited)" = "$before running" ]
[ "$(limit limited memory.max) $(limit limited pids.max)" = "$((64 << 20)) 10" ]
davit rm --force limited
END
it 'an end for want of memory while the agent is away is known later' <<'END'
davit run -d --name alone --memory 32m $busybox sh -c 'sleep 5; exec dd if=/dev/zero of=/dev/null bs=100M count=1'
systemctl stop davitd.socket davitd.service
sleep 8
systemctl start davitd.socket davitd.service
[ "$(davit wait alone)" = 137 ]
exit_of alone | jq -e .oom
davit rm alone
END
it 'nothing is left of a container in the cgroup tree' <<'END'
gone=$(davit run -d --memory 32m $busybox sleep 600)
davit rm --force "$gone"
[ "$(ls -d /sys/fs/cgroup/davit.slice/davit-pods.scope/*/)" = /sys/fs/cgroup/davit.slice/davit-pods.scope/hold/ ]
END

# MARK: Processes and processors

it '--pids stops a loop of forks' <<'END'
davit run -d --name forks --pids 10 $busybox sh -c '(while :; do sleep 600 & done); exec sleep 600'
until_true 60 sh -c "[ \$(sed -n 's/^max //p' $(group forks)/pids.events) -gt 0 ]"
[ "$(limit forks pids.current)" -le 10 ]
davit kill forks
[ "$(davit wait forks)" = 137 ]
exit_of forks | jq -e '.limits == ["pids.max"]'
davit rm forks
END
it '--cpus slows a busy program down' <<'END'
davit run -d --name busy --cpus 0.2 $busybox sh -c 'while :; do :; done'
until_true 60 sh -c "[ \$(sed -n 's/^nr_throttled //p' $(group busy)/cpu.stat) -gt 0 ]"
davit rm --force busy
END
it 'a limit below what a program needs is refused with a reason' <<'END'
! davit run --rm --memory 1m $busybox true 2>/tmp/refused
grep '^davit: request.invalid: .*memory' /tmp/refused
END

# MARK: Limits of a running container

it 'update changes memory, pids and cpus of a running container' <<'END'
davit run -d --name live --memory 64m --pids 10 --cpus 1 $busybox sleep 6000
before=$(pid live)
davit update --memory 32m --pids 20 --cpus 0.5 live
[ "$(limit live memory.max) $(limit live pids.max)" = "$((32 << 20)) 20" ]
[ "$(limit live cpu.max)" = '50000 100000' ]
[ "$(pid live)" = "$before" ]
END
it 'what update changed is in inspect and outlives the agent' <<'END'
davit inspect --json live | jq -e '.spec.limits | .memory == 33554432 and .pids == 20 and .cpus == 0.5'
systemctl restart davitd
davit inspect --json live | jq -e '.spec.limits.memory == 33554432'
[ "$(limit live memory.max)" = $((32 << 20)) ]
END
it 'memory.high, swap, weights and processors are set live' <<'END'
davit update --memory-high 16m --memory-swap 40m --memory 32m --cpu-weight 200 --cpuset-cpus 1 live
[ "$(limit live memory.high) $(limit live memory.swap.max)" = "$((16 << 20)) $((8 << 20))" ]
[ "$(limit live cpu.weight) $(limit live cpuset.cpus.effective)" = '200 1' ]
END
it 'a limit of a disk is set live' <<'END'
davit update --device-write-bps /dev/vda:1m --device-read-iops /dev/vda:100 live
limit live io.max | grep -E '^[0-9]+:0 .*wbps=1048576 riops=100 '
davit rm --force live
END
it 'a limit of a disk holds a program back' <<'END'
davit run -d --name slow --device-write-bps /dev/vda:1m $busybox sh -c 'while :; do dd if=/dev/zero of=/f bs=1M count=4 oflag=direct; done'
written() { davit stats --no-stream --json slow | jq 'first(.. | objects | select(has("io"))) | .io.write_bytes'; }
until_true 60 sh -c "grep -q wbytes=[1-9] $(group slow)/io.stat"
before=$(written) start=$(date +%s)
sleep 5
after=$(written) seconds=$(($(date +%s) - start))
[ "$after" -gt "$before" ]
# The kernel lets a request through whole, so one of the 4 MiB may be more.
[ $((after - before)) -le $(((seconds + 5) << 20)) ]
davit rm --force slow
END
it 'stats tells what a container uses' <<'END'
davit run -d --name used --memory 64m --pids 10 $busybox sh -c 'while :; do :; done'
sleep 2
davit stats --no-stream --json used | tee /tmp/stats
jq -e 'first(.. | objects | select(has("pids"))) | .memory.limit == 67108864 and .memory.current > 0
    and .pids.current == 1 and .pids.limit == 10 and .cpu.usage > 100000' /tmp/stats
davit rm --force used
END
it 'processors of a new container are bounded' <<'END'
[ "$(davit run --rm --cpuset-cpus 0 $busybox sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status)" = 0 ]
END

# MARK: Standing still, ending, devices

it 'pause freezes every process and unpause lets them go on' <<'END'
davit run -d --name still $busybox sh -c 'while :; do :; done'
davit pause still
[ "$(limit still cgroup.freeze) $(sed -n 's/^frozen //p' "$(group still)/cgroup.events")" = '1 1' ]
before=$(sed -n 's/^usage_usec //p' "$(group still)/cpu.stat")
sleep 1
[ "$(sed -n 's/^usage_usec //p' "$(group still)/cpu.stat")" = "$before" ]
davit unpause still
until_true 60 sh -c "[ \$(sed -n 's/^usage_usec //p' $(group still)/cpu.stat) -gt $before ]"
END
it 'a kill takes a frozen container with all its processes' <<'END'
davit exec -d still sleep 6000
place=$(group still)
davit pause still
davit kill still
[ "$(davit wait still)" = 137 ]
until_true 60 sh -c "! [ -d $place ]"
davit rm still
END
it 'a device is granted only as far as it was asked for' <<'END'
reads='head -c 1 /dev/disk | wc -c'
[ "$(davit run --rm --device /dev/vda:/dev/disk:r $busybox sh -c "$reads")" = 1 ]
! davit run --rm --device /dev/vda:/dev/disk:r $busybox sh -c ': >>/dev/disk' 2>/tmp/refused
grep 'not permitted' /tmp/refused
davit run --rm --device /dev/vda:/dev/disk $busybox sh -c ': >>/dev/disk'
END
it 'without a user namespace, too, no other device is reached' <<'END'
! davit run --rm --userns host --cap-add MKNOD --security-opt seccomp=unconfined --landlock off $busybox sh -c \
    'mknod /disk b 254 0 && head -c 1 /disk' 2>/tmp/refused
grep -i 'permission denied' /tmp/refused
END

# MARK: Disks

it '--root-size bounds what a container writes to its root' <<'END'
size=$(davit run --rm --root-size 8m $busybox sh -c 'dd if=/dev/zero of=/file bs=1M count=20 2>/dev/null; stat -c %s /file')
[ "$size" -gt $((4 << 20)) ]
[ "$size" -le $((8 << 20)) ]
END

# MARK: Disks with quotas of xfs

# The agent on its own state on an xfs, or back: restart_on COMMAND...
restart_on() {
    systemctl stop davitd.socket davitd.service
    "$@"
    systemctl start davitd.socket davitd.service
}
# mount_state OPTION
mount_state() { mount -o "loop,$1" /state /var/lib/davit && chmod 0700 /var/lib/davit; }
# The kilobytes that the agent's projects have.
in_projects() {
    xfs_quota -x -c 'report -p -N -b' /var/lib/davit |
        awk '{ sub("#", "", $1) } $1 >= 2^30 { sum += $2 } END { print sum + 0 }'
}
are_empty() { [ "$(in_projects)" = 0 ]; }

it 'on xfs without prjquota a size is refused up front' <<'END'
truncate -s 400M /state
mkfs.xfs -q /state
restart_on mount_state noquota
davit load -i "$IMAGES/busybox.tar"
! davit run --name sized --root-size 8m $busybox true 2>/tmp/refused
grep '^davit: limit.unavailable: .*prjquota' /tmp/refused
! davit volume create --size 8m sized 2>/tmp/refused
grep '^davit: limit.unavailable: .*prjquota' /tmp/refused
[ -z "$(davit ps -aq)$(davit volume ls -q)" ]
END
it 'on xfs a container writes as much as its size, and what it removes is free again' <<'END'
restart_on umount /var/lib/davit
restart_on mount_state prjquota
davit run -d --name sized --root-size 8m $busybox sleep 6000
davit exec sized dd if=/dev/zero of=/within bs=1M count=6
! davit exec sized dd if=/dev/zero of=/beyond bs=1M count=4 2>/tmp/refused
grep -i 'no space left' /tmp/refused
[ "$(davit exec sized df -k / | awk 'END { print $2 }')" = 8192 ]
davit exec sized rm /within /beyond
davit exec sized dd if=/dev/zero of=/within bs=1M count=7
END
it 'on xfs the size of one is in the way of no other' <<'END'
davit volume create --size 8m sized
davit run --rm --root-size 16m -v sized:/data $busybox sh -c \
    'dd if=/dev/zero of=/file bs=1M count=14 && dd if=/dev/zero of=/data/file bs=1M count=7'
! davit run --rm -v sized:/data $busybox dd if=/dev/zero of=/data/beyond bs=1M count=4 2>/tmp/refused
grep -i 'no space left' /tmp/refused
davit run --rm $busybox dd if=/dev/zero of=/file bs=1M count=20
END
it 'on xfs a removal gives back all that was written' <<'END'
[ "$(in_projects)" -gt $((13 << 10)) ]
davit rm --force sized
davit volume rm sized
until_true 60 are_empty
END
# Also after a row that failed.
! mountpoint -q /var/lib/davit || restart_on umount --lazy /var/lib/davit
rm -f /state

# MARK: Huge pages

it '--hugepages is refused until somebody hands its controller down' <<'END'
! davit run --rm --hugepages 2MB=4m $busybox true 2>/tmp/refused
grep '^davit: limit.unavailable: .*write +hugetlb to cgroup.subtree_control' /tmp/refused
END
it '--hugepages bounds what a program reserves, and what it takes without' <<'END'
echo 16 >/proc/sys/vm/nr_hugepages
# systemd does not know this controller: it hands it to nobody, and takes it from nobody.
for group in . davit.slice; do echo +hugetlb >/sys/fs/cgroup/$group/cgroup.subtree_control; done
davit load -i "$IMAGES/pages.tar"
[ "$(davit run --rm pages:latest 6)" = '3 pages' ]
davit run -d --name huge --hugepages 2MB=4m pages:latest
[ "$(limit huge hugetlb.2MB.max)" = $((4 << 20)) ]
[ "$(davit exec huge /pages 4)" = '2 pages' ]
[ "$(davit exec huge /pages 6)" = 'mmap: Cannot allocate memory' ]
status=0
davit exec huge /pages 6 unreserved || status=$?
[ $status = 135 ]
END
it 'update changes --hugepages of a running container, and its end names the limit' <<'END'
davit update --hugepages 2MB=8m huge
[ "$(davit exec huge /pages 6)" = '3 pages' ]
[ "$(davit exec huge /pages 10)" = 'mmap: Cannot allocate memory' ]
davit inspect --json huge | jq -e '.spec.limits.hugepages == {"2MB": 8388608}'
davit stop huge
exit_of huge | jq -e '.status == 0 and .limits == ["hugetlb.2MB.max"]'
davit rm huge
echo 0 >/proc/sys/vm/nr_hugepages
END
it '--hugepages of a size that the kernel has not is refused' <<'END'
! davit run --rm --hugepages 3MB=6m $busybox true 2>/tmp/refused
grep '^davit: limit.unavailable: hugetlb.3MB.max' /tmp/refused
END

# MARK: Labels

it 'a profile of AppArmor confines a container and its execs, and no other' <<'END'
cat >/tmp/profile <<'PROFILE'
profile davit-test flags=(attach_disconnected,mediate_deleted) {
    capability,
    file,
    signal,
    deny /etc/hostname r,
}
PROFILE
apparmor_parser -r /tmp/profile
davit run -d --name labelled --security-opt apparmor=davit-test $busybox sleep 6000
[ "$(cat "/proc/$(pid labelled)/attr/current")" = 'davit-test (enforce)' ]
[ "$(davit exec labelled cat /proc/self/attr/current)" = 'davit-test (enforce)' ]
! davit exec labelled cat /etc/hostname 2>/tmp/refused
grep -i 'permission denied' /tmp/refused
davit exec labelled cat /etc/hosts
davit run --rm $busybox cat /etc/hostname /proc/self/attr/current | tail -n 1 | grep -x unconfined
END
it 'a profile of AppArmor holds for other users and below an init' <<'END'
said=$(davit run --rm --init --user 1000 --security-opt apparmor=davit-test $busybox cat /proc/self/attr/current)
[ "$said" = 'davit-test (enforce)' ]
END
it 'explain tells the AppArmor profile of a container' <<'END'
davit explain labelled | grep 'labelled davit-test'
davit rm --force labelled
davit create --name bare $busybox true
davit explain bare | grep 'no label of AppArmor or SELinux'
davit rm bare
END
it 'a profile of AppArmor that is not loaded is refused before anything starts' <<'END'
! davit run --name stranger --security-opt apparmor=davit-stranger $busybox true 2>/tmp/refused
grep '^davit: security.refused: .*"davit-stranger" is not loaded' /tmp/refused
! davit explain stranger 2>/tmp/refused
grep '^davit: security.refused: .*"davit-stranger" is not loaded' /tmp/refused
davit rm stranger
apparmor_parser -R /tmp/profile
! davit run --rm --security-opt apparmor=davit-test $busybox true 2>/tmp/refused
grep '^davit: security.refused: .*"davit-test" is not loaded' /tmp/refused
END
it 'an SELinux label is refused where there is none' <<'END'
! davit run --rm --security-opt label=type:container_t $busybox true 2>/tmp/refused
grep '^davit: security.refused: .*this host has no SELinux' /tmp/refused
END

# MARK: The LAN, with what Debian's kernel has

it 'containers on ipvlan have the link address of their parent and reach each other' <<'END'
busybox ip link add lan0 type veth
for link in lan0 veth0; do busybox ip link set $link up; done
davit network create --driver ipvlan --opt parent=lan0 --subnet 192.0.2.0/24 shared
davit run -d --name site --network shared:ip=192.0.2.77 $busybox httpd -f -p 80 -h /etc
davit inspect site | jq -e --arg mac "$(cat /sys/class/net/lan0/address)" '.[0].state.network.connections[0].mac == $mac'
davit run --rm --network shared $busybox wget -q -O - http://192.0.2.77/hostname
! davit network create --driver macvlan --opt parent=lan0 --subnet 192.0.2.0/24 other 2>/tmp/refused
grep '^davit: network.refused: .*it is that of ipvlan links already' /tmp/refused
davit rm --force site
davit network rm shared
END

# MARK: The end

it 'a stop of the scope kills all containers and the agent tells it' <<'END'
davit run -d --name doomed $busybox sleep 6000
systemctl stop davit-pods.scope
until_true 60 sh -c '[ "$(davit inspect --json doomed | jq -r .state.phase)" = exited ]'
systemctl restart davitd
davit rm doomed
END
it 'the agent wrote no error and nothing crashed' <<'END'
! journalctl -b -u davitd -p err --no-pager -q | grep .
! journalctl -b -k --no-pager -q | grep -E 'segfault|traps:|Oops|WARNING:'
[ -z "$(systemctl --failed --plain --no-legend)" ]
END
