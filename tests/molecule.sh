#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the molecule scenarios on devices of a packetd of their own, and takes it down again.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
PACKET_STATE=$(mktemp -d)
PACKET_INVENTORY=$PACKET_STATE/inventory
export PATH PACKET_STATE PACKET_INVENTORY
trap 'python -m lab down' EXIT
trap 'exit 130' INT TERM

python -m lab serve --control-planes 1 --workers 1
eval "$(packetd env)"
cd extensions
molecule test --all
