# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-mirror as a command, and a catalogue of one small program for it."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

CATALOGUE = """
platform: linux/amd64
default: v1.0.0
go: 1.26.6
releases:
  v1.0.0: {small: v1.0.0, other: v2.0.0}
  v1.1.0: {small: v1.1.0, other: v2.0.0}
rootfs: {}
components:
  small:
    go: {source: pause, programs: {pause: .}}
    files:
      - {origin: kubernetes, path: "/{version}/bin/{os}/{arch}/small", program: pause}
    images:
      - name: registry.k8s.io/small
        tag: "{version}"
        inside: pause in place of small {version}
        contents: {/small: pause}
        entrypoint: [/small]
  other:
    go: {source: pause, programs: {pause: .}}
    files:
      - origin: github
        path: /other/other/releases/download/{version}/other-{number}.tar.gz
        checksums: /other/other/releases/download/{version}/SHA256SUMS
        archive: {bin/other: pause}
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Served:
    process: "subprocess.Popen[str]"
    files: str
    images: str


Serve = Callable[[Path], "AbstractContextManager[Served]"]


def kube_mirror(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "mirror.cli", *map(str, arguments)]
