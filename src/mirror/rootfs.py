# SPDX-License-Identifier: GPL-3.0-or-later
"""The lowest layers of images: Debian packages without what a container never reads."""

import hashlib
import os
import subprocess

import msgspec

from mirror.catalogue import Rootfs
from mirror.errors import MirrorError
from mirror.oci import Layer, compress
from mirror.store import Store, write

# The package usrmerge would pull in all of Perl; this hook does what it is for, before anything is installed.
MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"


def layer(name: str, rootfs: Rootfs, store: Store) -> Layer:
    """The layer of this recipe; made by mmdebstrap unless the store has it.

    Raises MirrorError where mmdebstrap is missing or fails.
    """
    recipe = msgspec.json.encode(rootfs, order="deterministic")
    target = store.rootfs / f"{name}-{hashlib.sha256(recipe).hexdigest()[:12]}.tar.gz"
    described = target.with_suffix(".json")
    if target.is_file() and described.is_file():
        digest, diff_id, size = msgspec.json.decode(described.read_bytes(), type=tuple[str, str, int])
        return Layer(target, digest, diff_id, size)
    with store.scratch() as scratch:
        tar = scratch / "rootfs.tar"
        _mmdebstrap(rootfs, str(tar))
        with tar.open("rb") as file:
            made = compress(file, target)
    write(described, msgspec.json.encode((made.digest, made.diff_id, made.size)))
    for outdated in set(store.rootfs.glob(f"{name}-*")) - {target, described}:
        outdated.unlink()
    return made


def _mmdebstrap(rootfs: Rootfs, target: str) -> None:
    command = [
        "mmdebstrap",
        "--quiet",
        f"--variant={rootfs.variant}",
        f"--include={','.join(rootfs.packages)}",
    ]
    command += ["--skip=output/dev", f"--hook-dir={MERGED_USR}", '--aptopt=APT::Install-Recommends "false"']
    command += [f"--dpkgopt=path-exclude={path}" for path in rootfs.exclude]
    # What is only unpacked is never customized.
    stage = "extract" if rootfs.variant == "extract" else "customize"
    command += [f"--{stage}-hook={hook}" for hook in rootfs.hooks]
    result = subprocess.run(
        [*command, rootfs.suite, target],
        capture_output=True,
        text=True,
        check=False,
        # With this set, mmdebstrap gives every file this time, and the same packages give the same bytes.
        env={**os.environ, "SOURCE_DATE_EPOCH": "0"},
    )
    if result.returncode != 0:
        last = "".join(f"\n    {line}" for line in result.stderr.strip().splitlines()[-8:])
        raise MirrorError(f"mmdebstrap failed for {', '.join(rootfs.packages)}:{last}")
