# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that stand on Debian packages: really made, and with what is needed of them inside."""

import json
import tarfile
from pathlib import Path

import msgspec
from mirror_command import Run

from mirror import catalogue


def test_the_small_image_has_a_shell_and_a_cp_and_nothing_of_this_host(
    store: Path, tmp_path: Path, run: Run
) -> None:
    content = msgspec.yaml.decode(catalogue.PACKAGED.read_bytes())
    content["components"] = {"busybox": content["components"]["busybox"]}
    subset = tmp_path / "subset.yaml"
    subset.write_bytes(msgspec.yaml.encode(content))
    built = run("build", "--store", store, "--catalogue", subset)
    assert built.returncode == 0, built.stderr
    image = json.loads(run("list", "--json", "--store", store).stdout)[0]["images"][0]
    layer = image["blobs"][-1].removeprefix("sha256:")
    with tarfile.open(store / "registry/docker/registry/v2/blobs/sha256" / layer[:2] / layer / "data") as tar:
        links = {member.name.removeprefix("./"): member.linkname for member in tar if member.issym()}
        names = {name.removeprefix("./") for name in tar.getnames()}
    assert links["bin"] == "usr/bin"
    assert {links["usr/bin/sh"], links["usr/bin/cp"]} == {"/bin/busybox"}
    assert not names & {"etc/hostname", "etc/resolv.conf"}
    assert not any(name.startswith("dev") for name in names)
