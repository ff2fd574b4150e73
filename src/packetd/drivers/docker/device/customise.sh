#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes a device of a plain Debian tree ($1): called by mmdebstrap after the packages are in.
set -eu
root=${1:?the tree to change}
[ "$(readlink -f "$root")" != / ] || { echo "$0 changes a tree, never the host" >&2; exit 1; }
here=$(dirname "$0")

install -m 755 "$here/boot.sh" "$root/usr/local/sbin/device-boot"
install -D -m 755 "$here/unplug.sh" "$root/usr/lib/systemd/system-shutdown/unplug"
install -m 644 "$here/cloud.cfg" "$root/etc/cloud/cloud.cfg"
install -m 644 "$here/ds-identify.cfg" "$root/etc/cloud/ds-identify.cfg"
install -m 644 "$here/packet-phone-home.service" "$root/etc/systemd/system/"
install -m 644 "$here/sshd.cfg" "$root/etc/ssh/sshd_config.d/60-device.conf"
install -D -m 644 "$here/journald.cfg" "$root/etc/systemd/journald.conf.d/device.conf"
chroot "$root" systemctl --quiet enable packet-phone-home.service
chroot "$root" systemctl --quiet set-default multi-user.target

# The host has consoles, disks and kernel settings; a device that touched them would touch the host's.
chroot "$root" systemctl --quiet mask getty@.service console-getty.service getty.target \
    systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
    systemd-pstore.service systemd-remount-fs.service dev-hugepages.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount dev-mqueue.mount \
    e2scrub_reap.service e2scrub_all.timer fstrim.timer apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer cloud-init-hotplugd.socket systemd-networkd-wait-online.service \
    systemd-firstboot.service systemd-binfmt.service remote-fs.target
rm -f "$root"/usr/lib/sysctl.d/*.conf "$root"/etc/sysctl.d/*.conf

# What must differ from one device to the next is made at its first boot.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
: > "$root/etc/machine-id"

# Devices that may reach the outside install from where the host installs.
rm -rf "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root"/var/lib/apt/lists/*
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/log/*.log "$root"/var/log/apt
