#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# First process of a device: makes a container look like the machine its driver describes
# (DEVICE_* in the environment), then hands over to systemd. Runs at every boot, so all that
# lives in memory only, such as addresses, is made here.
set -eu

# Anywhere else, as on the host itself, what follows would take the machine off its network.
if [ $$ -ne 1 ] || [ -z "${DEVICE_ID:-}" ]; then
    echo "$0 is the first process of a device made by packetd and runs nowhere else" >&2
    exit 1
fi

# Mounts that kubelet makes must reach the containers it starts.
mount --make-rshared /

# systemd and kubelet make cgroups of their own (version 1: one mount per controller; 2: one in all).
while read -r _ _ _ _ path _; do
    case $path in /sys/fs/cgroup*) mount -o remount,bind,rw "$path" ;; esac
done < /proc/self/mountinfo
mountpoint -q /proc/sys && mount -o remount,bind,rw /proc/sys

# Names belong to the machine, not to Docker: files that are mount points could not be replaced.
for file in /etc/hosts /etc/hostname /etc/resolv.conf; do
    mountpoint -q "$file" && umount "$file"
done
# The network namespace is new: what it holds are Docker's redirections to its own resolver.
nft flush ruleset

ip link set eth0 down
ip link set eth0 name bond0
ip link set bond0 up
ip route replace default via "$DEVICE_GATEWAY"
for address in $DEVICE_EXTRA_ADDRESSES; do
    ip address replace "$address" dev bond0
done
ip route replace "$DEVICE_PRIVATE_NETWORK" dev bond0 ${DEVICE_PRIVATE_ADDRESS:+src "$DEVICE_PRIVATE_ADDRESS"}

# An elastic address moves between machines: nobody may remember a shortcut to it, and the
# machines that hold it on their loopback do not announce it.
sysctl -qw net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.bond0.accept_redirects=0 \
    net.ipv4.conf.all.arp_announce=2 net.ipv4.conf.all.arp_ignore=1

if [ ! -s /etc/machine-id ]; then   # a fresh disk
    echo "$DEVICE_HOSTNAME" > /etc/hostname
    printf '%s\n' "127.0.0.1 localhost" "127.0.1.1 $DEVICE_HOSTNAME" \
        "$DEVICE_GATEWAY metadata.packet.net metadata.platformequinix.com" > /etc/hosts
    echo "$DEVICE_RESOLV_CONF" > /etc/resolv.conf
    mkdir -p -m 700 /root/.ssh
    (umask 077 && printf '%s\n' "$DEVICE_SSH_KEYS" > /root/.ssh/authorized_keys)
    for type in ed25519 ecdsa; do
        ssh-keygen -q -t "$type" -N '' -C "root@$DEVICE_HOSTNAME" -f "/etc/ssh/ssh_host_${type}_key"
    done
    # Last, for it says that all of the above is there.
    printf '%s' "$DEVICE_ID" | tr -d - > /etc/machine-id
fi

exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=docker /sbin/init
