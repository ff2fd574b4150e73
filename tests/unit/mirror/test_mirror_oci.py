# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: the same contents give the same bytes, and the documents agree with the layers."""

import gzip
import hashlib
import json
import os
import tarfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mirror import oci


def program(directory: Path, name: str, content: bytes = b"#!/bin/sh\n") -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


def test_a_layer_is_the_same_whenever_and_wherever_it_is_made(tmp_path: Path) -> None:
    first, second = program(tmp_path, "one"), program(tmp_path, "two")
    first.chmod(0o700)
    os.utime(second, (1, 1))
    layers = [
        oci.layer({"/usr/local/bin/p": path}, tmp_path / f"{number}.tar.gz", bare=True)
        for number, path in enumerate((first, second))
    ]
    assert layers[0].digest == layers[1].digest
    assert layers[0].diff_id == layers[1].diff_id


def test_a_layer_has_its_directories_root_as_owner_and_a_tmp_where_it_is_the_lowest(tmp_path: Path) -> None:
    layer = oci.layer({"/opt/bin/p": program(tmp_path, "p")}, tmp_path / "layer.tar.gz", bare=True)
    with tarfile.open(layer.path) as tar:
        members = {member.name: member for member in tar}
    assert list(members) == ["opt", "opt/bin", "tmp", "opt/bin/p"]
    assert members["tmp"].mode == 0o1777
    assert members["opt/bin/p"].mode == 0o755
    assert {(member.uid, member.gid, member.mtime) for member in members.values()} == {(0, 0, 0)}
    above = oci.layer({"/opt/bin/p": program(tmp_path, "p")}, tmp_path / "above.tar.gz", bare=False)
    with tarfile.open(above.path) as tar:
        assert "tmp" not in tar.getnames()


def test_a_folder_is_packed_whole_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "packages/part/empty").mkdir(parents=True)
    program(tmp_path, "packages/part/module.py").chmod(0o777)
    layer = oci.layer({"/usr/lib/packages": tmp_path / "packages"}, tmp_path / "layer.tar.gz", bare=False)
    with tarfile.open(layer.path) as tar:
        modes = {member.name: member.mode for member in tar}
    below = "usr/lib/packages"
    assert modes == dict.fromkeys(["usr", "usr/lib", below, f"{below}/part"], 0o755) | {
        f"{below}/part/module.py": 0o644
    }


@settings(max_examples=20)
@given(content=st.binary(max_size=5000))
def test_digests_are_those_of_the_bytes(tmp_path_factory: object, content: bytes) -> None:
    directory = tmp_path_factory.mktemp("layer")  # type: ignore[attr-defined]
    layer = oci.layer({"/p": program(directory, "p", content)}, directory / "layer.tar.gz", bare=False)
    compressed = layer.path.read_bytes()
    assert layer.size == len(compressed)
    assert layer.digest == "sha256:" + hashlib.sha256(compressed).hexdigest()
    assert layer.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(compressed)).hexdigest()


def test_the_documents_of_an_image_name_its_layers(tmp_path: Path) -> None:
    layer = oci.layer({"/pause": program(tmp_path, "pause")}, tmp_path / "layer.tar.gz", bare=True)
    image = oci.image("linux/amd64", (layer,), ("/pause",), user="65535:65535")
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert [part["digest"] for part in manifest["layers"]] == [layer.digest]
    assert manifest["config"]["digest"] == oci.digest(image.config)
    assert config["rootfs"]["diff_ids"] == [layer.diff_id]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"]["Entrypoint"] == ["/pause"]
    assert config["config"]["User"] == "65535:65535"
    assert "Cmd" not in config["config"]
    assert image.size == layer.size + len(image.config) + len(image.manifest)
