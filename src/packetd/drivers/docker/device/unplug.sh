#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The last thing that systemd runs at shutdown. Docker takes away an interface named eth0; bond0 would stay,
# and answer at this device's addresses, for as long as a connection of a process that is gone waits for an answer.
ip link delete bond0
