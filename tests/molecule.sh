#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs all molecule scenarios, or each of those that are named alone, on devices of a packetd of their own, and takes
# it down again.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
PACKET_STATE=$(mktemp -d)
PACKET_INVENTORY=$PACKET_STATE/inventory
# By itself molecule tells checkouts apart by the name of their folder alone.
MOLECULE_EPHEMERAL_DIRECTORY=$PACKET_STATE/molecule
export PATH PACKET_STATE PACKET_INVENTORY MOLECULE_EPHEMERAL_DIRECTORY
trap 'python -m lab down && rm -rf "$PACKET_STATE"' EXIT
trap 'exit 130' INT TERM

run() {
    for name; do
        set -- "$@" --scenario-name "$name"
        shift
    done
    molecule test "$@"
}

python -m lab serve --control-planes 1 --workers 1
eval "$(packetd env)"
if [ $# = 0 ]; then
    run provision cluster
    # In the order in which the roles build on one another, on the same devices.
    run kubernetes node pki control_plane cloud_controller network worker storage verify
fi
for name; do
    molecule create --scenario-name "$name"
    run "$name"
done
