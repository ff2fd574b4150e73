#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes .venv from the pinned requirements, with packetd, kube-mirror and the collection in it.
# Needs python3 alone; Debian keeps the part that makes virtual environments in a package of its own.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "error: $python is older than 3.11; name a newer one: make setup PYTHON=python3.11" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if ! command -v apt-get >/dev/null; then
        echo "error: $python has no ensurepip; install the package that brings it (python3-venv on Debian)" >&2
        exit 1
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    echo "installing python3-venv"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qq --no-install-recommends python3-venv >/dev/null
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "installing requirements into .venv"
.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
.venv/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .

# The checkout itself is the installed collection: every tool of the environment then finds it.
collections=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections
mkdir -p "$collections/packet"
ln -sfn "$PWD" "$collections/packet/kubernetes"
