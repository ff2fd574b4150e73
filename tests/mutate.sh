#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Mutation tests: fails where less than 90 % of the mutants are killed. What survives is in build/mutate/survivors.
#
# mutmut knows a function by the path of its file and by the module that it is imported as, which have to be the
# same; so the collection is laid out as ansible_collections, and mutmut's copy of it comes before the installed one.
set -euo pipefail

wanted=90
checkout=$(cd "$(dirname "$0")/.." && pwd)
place=$checkout/build/mutate
rm -rf "$place"
mkdir -p "$place/ansible_collections/packet"
ln -s "$checkout" "$place/ansible_collections/packet/kubernetes"
for name in galaxy.yml pyproject.toml tests; do
    ln -s "$checkout/$name" "$place/$name"
done
cd "$place"

# It draws its progress over and over.
if ! mutmut run >log 2>&1; then
    tail -n 40 log >&2
    exit 1
fi
mutmut results >survivors
mutmut export-cicd-stats >/dev/null
python3 - "$wanted" <<'PYTHON'
import json
import sys

wanted = float(sys.argv[1])
with open("mutants/mutmut-cicd-stats.json") as file:
    counts = json.load(file)
killed = counts["killed"] + counts["timeout"]
score = 100 * killed / counts["total"]
print(f"mutants: {counts['total']}, killed: {killed}, score: {score:.1f} %, wanted: {wanted:g} %")
sys.exit(score < wanted)
PYTHON
