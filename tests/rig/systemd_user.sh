#!/bin/bash
# A real `systemd --user` on a machine whose PID 1 is something else.  usage: systemd_user.sh UNITS_DIR COMMAND...
#
# systemd refuses to start a user manager unless /run/systemd/system is a directory and its cgroup tree is pure version 2.
# Both are given to it in private mount and cgroup namespaces, below a cgroup of its own, so that the host sees nothing
# and every process is found and killed at the end whatever became of the command.
# Exit status: the command's, or 125 when the manager did not come up (its log then stands on stderr).
set -u
UNITS=$(cd "$1" && pwd) || exit 125
shift
TREE=/sys/fs/cgroup/unified
[ -d $TREE ] || TREE=/sys/fs/cgroup
GROUP=$TREE/changeover-rig-$$
WORK=$(mktemp -d)
export UNITS WORK

clean_up() {
    for procs in $(find "$GROUP" -depth -name cgroup.procs 2>/dev/null); do
        # A group may go away between being found and being read.
        { while read -r pid; do kill -KILL "$pid"; done <"$procs"; } 2>/dev/null
    done
    for _ in $(seq 100); do  # a cgroup stays busy until its last process is reaped
        find "$GROUP" -depth -type d -exec rmdir {} \; 2>/dev/null
        [ -d "$GROUP" ] || break
        sleep 0.02
    done
    rm -rf "$WORK"
}
trap clean_up EXIT
trap 'exit 143' TERM INT

inside() {
    mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/user/0 && chmod 700 /run/user/0 || exit 125
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 125
    mkdir -p "$WORK/home" /sys/fs/cgroup/manager /sys/fs/cgroup/command
    export HOME=$WORK/home XDG_RUNTIME_DIR=/run/user/0 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus
    export SYSTEMD_UNIT_PATH=$UNITS:/usr/lib/systemd/user
    (
        echo $BASHPID >/sys/fs/cgroup/manager/cgroup.procs
        exec /lib/systemd/systemd --user --unit=basic.target --log-target=console >"$WORK/manager.log" 2>&1
    ) &
    manager=$!
    for _ in $(seq 250); do
        systemctl --user is-active --quiet dbus.socket 2>/dev/null && break
        kill -0 $manager 2>/dev/null || break
        sleep 0.02
    done
    systemctl --user is-active --quiet dbus.socket || { cat "$WORK/manager.log" >&2; exit 125; }
    echo $BASHPID >/sys/fs/cgroup/command/cgroup.procs
    "$@"
    status=$?
    kill -TERM $manager  # stops every unit first; what takes longer than 3 s is left to clean_up
    for _ in $(seq 150); do
        kill -0 $manager 2>/dev/null || break
        sleep 0.02
    done
    exit $status
}
export -f inside

mkdir "$GROUP" || exit 125
(
    echo $BASHPID >"$GROUP/cgroup.procs"
    exec unshare --mount --cgroup --propagation private bash -c 'inside "$@"' inside "$@"
) &
wait $!
