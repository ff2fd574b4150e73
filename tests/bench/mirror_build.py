# SPDX-License-Identifier: GPL-3.0-or-later
"""A cold `kube-mirror build` against the bare `go build`s of the same programs, one after the other.

    python tests/bench/mirror_build.py [--component etcd ...] [--directory DIR]

Both begin with empty caches and get their modules from the module proxy. All components take half an
hour and some 16 GB in DIR. Prints the ratio; at most 1.15 is wanted.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import msgspec

from mirror import catalogue, toolchain
from mirror.catalogue import Catalogue
from mirror.compile import Workshop
from mirror.store import Store

WANTED = 1.15


def main() -> int:
    options = _options()
    with TemporaryDirectory(dir=options.directory, prefix="mirror-bench-") as directory:
        subset = _subset(Path(directory) / "catalogue.yaml", options.component)
        bare = _bare(catalogue.read(subset), Store(Path(directory) / "bare"))
        whole = _mirror(subset, Path(directory) / "store")
    ratio = whole / bare
    print(
        f"bare go builds {bare:.0f} s, kube-mirror build {whole:.0f} s: ratio {ratio:.2f}, at most {WANTED}"
    )
    return 0 if ratio <= WANTED else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", action="append", help="only this one; may be repeated")
    parser.add_argument("--directory", type=Path, help="where there is room")
    return parser.parse_args()


def _subset(target: Path, names: list[str] | None) -> Path:
    """The mirror's catalogue with only these components."""
    content = msgspec.yaml.decode(catalogue.PACKAGED.read_bytes())
    if names:
        content["components"] = {name: content["components"][name] for name in names}
    target.write_bytes(msgspec.yaml.encode(content))
    return target


def _bare(known: Catalogue, store: Store) -> float:
    """One `go build` a program, as one would by hand, with the same module and flags; in seconds."""
    compiler = toolchain.find(known, store)
    began = time.monotonic()
    for component in known.select((known.default,)):
        for name, package in component.go.programs.items() if component.go else ():
            go = msgspec.structs.replace(component.go, programs={name: package})
            directory = store.go / "work" / name
            since = time.monotonic()
            workshop = Workshop(component, go, compiler, directory, toolchain.cores(), Event())
            workshop.fetch()
            (directory / "bin").mkdir()
            workshop.compile(directory / "bin", lambda _: None)
            print(f"go build {name}: {time.monotonic() - since:.0f} s", flush=True)
    return time.monotonic() - began


def _mirror(subset: Path, store: Path) -> float:
    began = time.monotonic()
    command = [sys.executable, "-m", "mirror.cli", "build", "--store", str(store), "--catalogue", str(subset)]
    subprocess.run(command, check=True)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
