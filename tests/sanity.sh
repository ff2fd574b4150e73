#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs ansible-test sanity over the collection; arguments go to ansible-test (--test validate-modules, a file, ...).
#
# ansible-test wants the collection in ansible_collections/<namespace>/<name> outside every git tree: it follows no
# link, and in a folder that git ignores it finds nothing to test and calls that a success.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$checkout/.venv/bin/python}
bin=$(dirname "$python")
PATH=$bin:$PATH
export PATH

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 130' INT TERM

collection=$tree/ansible_collections/packet/kubernetes
mkdir -p "$collection"
cd "$checkout"
git ls-files -z --cached --others --exclude-standard -- \
    galaxy.yml LICENSE README.md changelogs meta playbooks plugins roles |
    while IFS= read -r -d '' file; do if test -e "$file"; then printf '%s\0' "$file"; fi; done |
    tar --null --files-from=- -cf - | tar -xf - -C "$collection"

# ansible-test makes virtual environments without pip and fetches pip from a host of its own, unless it finds it here.
cache=$HOME/.ansible/test/cache
mkdir -p "$cache"
cat >"$cache/get_pip_24_2.py" <<'PYTHON'
import ensurepip
import pathlib
import runpy
import sys

places = [pathlib.Path(ensurepip.__file__).parent / "_bundled", pathlib.Path("/usr/share/python-wheels")]
wheel = next(wheel for place in places for wheel in sorted(place.glob("pip-*.whl")))
sys.path.insert(0, str(wheel))
sys.argv = ["pip", "install", *(arg for arg in sys.argv[1:] if arg not in ("--no-setuptools", "--no-wheel"))]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
PYTHON

cd "$collection"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
log=$tree/log
status=0
ansible-test sanity --color no --python "$version" "$@" >"$log" 2>&1 || status=$?
cat "$log"
if grep -q "All targets skipped" "$log"; then
    echo "sanity: nothing was tested" >&2
    exit 1
fi
exit "$status"
