# Run as root on a booted machine with Davit installed and the images in $IMAGES. Each check is a function named check_*,
# run in the order of the file in a shell of its own; prints "ok NAME" or "not ok NAME", what it said being indented below.
set -u

main_pid() { systemctl show -P MainPID davitd; }

# until_true SECONDS COMMAND...
until_true() {
    { set +x; } 2>/dev/null
    tries=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "never true: $*"; return 1; }
        sleep 0.1
    done
    set -x
}

# A program that writes 60 numbered lines in six seconds and ends with 7.
counter='i=1; while [ $i -le 60 ]; do echo line $i; i=$((i + 1)); sleep 0.1; done; exit 7'
is_running() { [ "$(davit inspect --json "$1" | jq -r .state.phase)" = running ]; }
# After its end: the status is known and no line is missing or twice.
is_complete() {
    status=$(davit wait "$1") || true
    [ "$status" = 7 ] || { echo "status: $status"; return 1; }
    seq -f 'line %.0f' 60 >/tmp/expected
    davit logs "$1" >/tmp/found
    cmp /tmp/expected /tmp/found
}

check_units_verify() {
    said=$(systemd-analyze verify --man=no davitd.service davitd.socket davit.slice 2>&1)
    [ -z "$said" ] || { echo "$said"; return 1; }
}
check_group_and_directories_exist() {
    getent group davit
    [ "$(stat -c '%a %U' /run/davit)" = '755 root' ]
    [ "$(stat -c '%a %U' /var/lib/davit)" = '700 root' ]
}
check_configuration_is_all_right() { davitd --check-config; }
check_socket_is_for_root_and_its_group() {
    systemctl start davitd.socket
    [ "$(stat -c '%a %U %G' /run/davit/davit.sock)" = '660 root davit' ]
}
check_first_request_starts_the_agent() {
    [ "$(systemctl is-active davitd)" = inactive ]
    printf '{"method":"container.list"}\n' | socat -t 3600 - UNIX-CONNECT:/run/davit/davit.sock | jq -e .result
    [ "$(systemctl is-active davitd)" = active ]
    systemctl show -P StatusText davitd | grep -q .
}
check_image_loads_and_runs() {
    davit load -i "$IMAGES/busybox.tar"
    [ "$(davit run --rm busybox:latest echo hello)" = hello ]
    status=0
    davit run --rm busybox:latest sh -c 'exit 42' || status=$?
    [ $status = 42 ]
}
check_containers_live_in_their_scope() {
    davit run -d --name placed busybox:latest sleep 60
    [ "$(systemctl show -P ActiveState davit-pods.scope)" = active ]
    scope=$(systemctl show -P ControlGroup davit-pods.scope)
    [ "$(systemctl show -P Slice davit-pods.scope)" = davit.slice ]
    grep -rl . "/sys/fs/cgroup$scope"/*/cgroup.procs | grep -v /hold/
    davit rm --force placed
}
check_restart_leaves_a_container_alone() {
    davit run -d --name restarted busybox:latest sh -c "$counter"
    before=$(main_pid)
    systemctl restart davitd
    [ "$(main_pid)" != "$before" ]
    is_running restarted
    is_complete restarted
}
check_kill_leaves_a_container_alone() {
    davit run -d --name orphaned busybox:latest sh -c "$counter"
    before=$(main_pid)
    kill -9 "$before"
    until_true 10 systemctl is-active davitd
    [ "$(main_pid)" != "$before" ]
    is_running orphaned
    is_complete orphaned
}
check_an_exit_while_the_agent_is_away_is_known_later() {
    davit run -d --name alone busybox:latest sh -c 'sleep 1; echo last words; exit 9'
    systemctl stop davitd.socket davitd.service
    sleep 2
    systemctl start davitd.socket
    [ "$(davit wait alone)" = 9 ]
    [ "$(davit logs alone)" = 'last words' ]
}
check_hung_agent_is_restarted_by_the_watchdog() {
    mkdir -p /run/systemd/system/davitd.service.d
    printf '[Service]\nWatchdogSec=1s\n' >/run/systemd/system/davitd.service.d/watchdog.conf
    systemctl daemon-reload
    systemctl restart davitd
    davit run -d --name watched busybox:latest sh -c "$counter"
    before=$(main_pid)
    kill -STOP "$before"
    until_true 15 test ! -d "/proc/$before"
    until_true 10 systemctl is-active davitd
    journalctl -u davitd | grep -q 'Watchdog timeout'
    is_complete watched
    rm /run/systemd/system/davitd.service.d/watchdog.conf
    systemctl daemon-reload
}
check_reload_keeps_the_process() {
    before=$(main_pid)
    systemctl reload davitd
    [ "$(main_pid)" = "$before" ]
    [ "$(systemctl show -P ActiveState davitd)" = active ]
}
check_journal_names_the_container() {
    davit run --rm --name journalled busybox:latest true
    until_true 5 sh -c 'journalctl -o json CONTAINER_NAME=journalled | jq -e .CONTAINER_ID | grep -q .'
}
check_restart_warns_about_nothing() {
    ! journalctl -u davitd | grep -i 'left-over process\|remains running\|unclean'
}
check_documents_say_what_is_true() {
    # The LAN's link, of which the documents speak.
    busybox ip link add eth0 type veth
    for link in eth0 veth0; do busybox ip link set $link up; done
    for document in /usr/share/doc/davit/*.md; do
        awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$document" >/tmp/blocks.sh
        (cd /tmp && cp "$IMAGES/busybox.tar" . && sh -eu /tmp/blocks.sh) || { echo "in $document"; return 1; }
    done
}
check_stop_of_the_scope_ends_all_containers() {
    davit run -d --name doomed busybox:latest sleep 1000
    systemctl stop davit-pods.scope
    until_true 15 sh -c '[ "$(davit inspect --json doomed | jq -r .state.phase)" = exited ]'
    [ "$(systemctl is-active davitd)" = active ]
    # The scope is made again at the agent's next start.
    systemctl restart davitd
    [ "$(davit run --rm busybox:latest echo again)" = again ]
}

for check in $(sed -n 's/^\(check_[a-z_]*\)().*/\1/p' "$0"); do
    name=$(echo "${check#check_}" | tr _ ' ')
    # What the others build on is there for one alone, too.
    case "${ONLY:-$check}" in
        "$check") ;;
        *) case $check in check_socket_*|check_first_*|check_image_*) ;; *) continue ;; esac ;;
    esac
    # Not as a condition: -e would be off inside.
    (set -ex; $check) >/tmp/said 2>&1
    if [ $? = 0 ]; then echo "ok $name"; else echo "not ok $name" && sed 's/^/    /' /tmp/said; fi
done
