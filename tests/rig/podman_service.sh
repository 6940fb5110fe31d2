#!/bin/bash
# A real podman behind its API socket, FOLDER/podman.sock, on a machine whose own cgroups and limits forbid it.
# usage: podman_service.sh FOLDER          It runs until SIGTERM; its log is FOLDER/log.
#
# Three things let podman 4 run where it otherwise would not: a private mount namespace whose cgroup tree is pure version
# 2, containers without cgroups of their own, and limits that a container may set without CAP_SYS_RESOURCE. Images and
# containers lie in FOLDER (driver vfs, no network). Everything that it starts is in one cgroup and killed at the end.
# The image localhost/farm:1 has bash and sleep; localhost/claims:1 is the same with the label changeover.unit=steady.
set -u
FOLDER=$(cd "$1" && pwd) || exit 125
TREE=/sys/fs/cgroup/unified
[ -d $TREE ] || TREE=/sys/fs/cgroup
GROUP=$TREE/changeover-podman-$$
export FOLDER

clean_up() {
    for _ in $(seq 100); do
        for procs in $(find "$GROUP" -depth -name cgroup.procs 2>/dev/null); do
            { while read -r pid; do kill -KILL "$pid"; done <"$procs"; } 2>/dev/null
        done
        find "$GROUP" -depth -type d -exec rmdir {} \; 2>/dev/null
        [ -d "$GROUP" ] || break
        sleep 0.02
    done
}
trap clean_up EXIT
trap 'exit 143' TERM INT

inside() {
    mount -t tmpfs tmpfs /run && umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 125
    mkdir -p "$FOLDER"/{conf,tree/{bin,dev,proc,sys,tmp,etc}}
    printf '[containers]\ncgroups="disabled"\n[engine]\nruntime="crun"\nevents_logger="none"\ncgroup_manager="cgroupfs"\n' \
        >"$FOLDER/conf/containers.conf"
    printf '[storage]\ndriver="vfs"\ngraphroot="%s"\nrunroot="%s"\n' "$FOLDER/graph" "$FOLDER/runroot" \
        >"$FOLDER/conf/storage.conf"
    export HOME=$FOLDER/conf CONTAINERS_CONF=$FOLDER/conf/containers.conf
    export CONTAINERS_STORAGE_CONF=$FOLDER/conf/storage.conf
    for program in bash sleep; do
        for file in "$(command -v $program)" $(ldd "$(command -v $program)" | grep -o '/[^ ]*'); do
            mkdir -p "$FOLDER/tree$(dirname "$file")" && cp -L "$file" "$FOLDER/tree$file"
        done
        [ -e "$FOLDER/tree/bin/$program" ] || cp -L "$(command -v $program)" "$FOLDER/tree/bin/$program"
    done
    tar -C "$FOLDER/tree" -c . | podman import - localhost/farm:1 || exit 125
    tar -C "$FOLDER/tree" -c . | podman import --change 'LABEL changeover.unit=steady' - localhost/claims:1 || exit 125
    exec prlimit --nofile=4096:4096 --nproc=4096:4096 podman system service --time=0 "unix://$FOLDER/podman.sock"
}
export -f inside

mkdir "$GROUP" || exit 125
(
    echo $BASHPID >"$GROUP/cgroup.procs"
    exec unshare --mount --cgroup --propagation private bash -c inside >"$FOLDER/log" 2>&1
) &
wait $!
