# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of the controllers: really made, started as its user, small, and with wheels for arm64 too."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mirror_command import Run, kube_mirror

from mirror import catalogue
from mirror.catalogue import Python
from mirror.python import WHEELS

LIMIT = 120_000_000  # bytes that the image may take on a node

# What the controllers import of others, and of the collection.
IMPORTED = (
    "aiohttp.web",
    "kopf",
    "lightkube",
    "lightkube.resources.core_v1",
    "lightkube.resources.discovery_v1",
    "packet",
    "prometheus_client",
    "requests",
    "ssl",
    "ansible.module_utils.basic",
    "ansible.module_utils.common.parameters",
    "ansible_collections.packet.kubernetes.plugins.module_utils._kinds.device",
    "ansible_collections.packet.kubernetes.plugins.module_utils._packet.client",
)


@pytest.fixture(scope="module")
def controllers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that holds this image alone, and the catalogue that it was made from."""
    folder = tmp_path_factory.mktemp("controllers")
    content = msgspec.yaml.decode(catalogue.PACKAGED.read_bytes())
    content["components"] = {"cloud-controller": content["components"]["cloud-controller"]}
    (folder / "catalogue.yaml").write_bytes(msgspec.yaml.encode(content))
    built = subprocess.run(options("build", folder), capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert "[1/1] cloud-controller 0.1.0 ..." in built.stderr
    return folder


@pytest.fixture(scope="module")
def root(controllers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image, unpacked."""
    root = tmp_path_factory.mktemp("root")
    for digest in image(controllers)["blobs"][1:]:
        unpacking = ["tar", "--extract", "--gzip", "--file", blob(controllers, digest), "--directory", root]
        subprocess.run(unpacking, check=True)
    return root


def options(command: str, folder: Path) -> list[str]:
    return kube_mirror(command, "--store", folder / "store", "--catalogue", folder / "catalogue.yaml")


def image(folder: Path) -> dict[str, Any]:
    listed = subprocess.run(
        kube_mirror("list", "--json", "--store", folder / "store"), capture_output=True, check=True
    )
    (record,) = json.loads(listed.stdout)
    (made,) = record["images"]
    return dict(made)


def blob(folder: Path, digest: str) -> Path:
    name = digest.removeprefix("sha256:")
    return folder / "store/registry/docker/registry/v2/blobs/sha256" / name[:2] / name / "data"


def python(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["chroot", "--userspec=65532:65532", str(root), "/usr/bin/python3", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", IMPORTED)
def test_the_user_of_the_image_can_import_what_controllers_need(root: Path, module: str) -> None:
    result = python(root, "-W", "error", "-c", f"import {module}, getpass; print(getpass.getuser())")
    assert (result.returncode, result.stdout) == (0, "nonroot\n"), result.stderr


def test_the_user_of_the_image_can_import_every_module_of_ours(root: Path) -> None:
    code = """
import importlib, pkgutil, controllers
for module in pkgutil.walk_packages(controllers.__path__, "controllers."):
    importlib.import_module(module.name)
"""
    result = python(root, "-W", "error", "-c", code)
    assert result.returncode == 0, result.stderr


def test_it_is_small_and_has_no_shell_and_no_package_manager(controllers: Path, root: Path) -> None:
    files = {path for path in root.rglob("*") if path.is_file() and not path.is_symlink()}
    unpacked = sum(path.stat().st_size for path in files)
    print(f"{unpacked / 1e6:.0f} MB unpacked, {image(controllers)['size'] / 1e6:.0f} MB to pull")
    assert unpacked < LIMIT
    assert {path.name for path in (root / "usr/bin").iterdir()} == {"python3", "python3.11"}
    assert not list((root / "usr/sbin").iterdir())
    for module in ("pip", "cryptography", "jinja2", "kubernetes", "ansible.cli"):
        assert python(root, "-c", f"import {module}").returncode == 1, module


def test_all_of_it_is_bytecode_that_is_never_compared_to_its_source(root: Path) -> None:
    """Times of files are lost in layers: with them, or without bytecode, each start would compile it all."""
    sources = [path for path in (root / "usr").rglob("*.py") if path.is_file()]
    assert len(sources) > 1000
    for path in sources:
        compiled = path.parent / "__pycache__" / f"{path.stem}.cpython-311.pyc"
        assert compiled.read_bytes()[4:8] == b"\1\0\0\0", path  # PEP 552: by hash, unchecked


def test_the_image_says_how_it_is_started_and_as_whom(controllers: Path) -> None:
    config = json.loads(blob(controllers, image(controllers)["blobs"][0]).read_bytes())["config"]
    assert config["Entrypoint"] == ["python3", "-m", "controllers.cloud"]
    assert config["User"] == "65532:65532"


def test_made_again_it_has_the_same_bytes_and_unchanged_it_is_not_made_again(
    controllers: Path, tmp_path: Path
) -> None:
    again = subprocess.run(options("build", controllers), capture_output=True, text=True, check=True)
    assert "1 of 1 components are there" in again.stderr
    (tmp_path / "catalogue.yaml").write_bytes((controllers / "catalogue.yaml").read_bytes())
    (tmp_path / "store").mkdir()
    (tmp_path / "store/rootfs").symlink_to(controllers / "store/rootfs")
    subprocess.run(options("build", tmp_path), capture_output=True, check=True)
    assert image(tmp_path) == image(controllers)


def test_sync_builds_it_as_nobody_publishes_it_and_does_so_once(controllers: Path, tmp_path: Path) -> None:
    (tmp_path / "catalogue.yaml").write_bytes((controllers / "catalogue.yaml").read_bytes())
    (tmp_path / "store").mkdir()
    (tmp_path / "store/rootfs").symlink_to(controllers / "store/rootfs")
    synced = subprocess.run(options("sync", tmp_path), capture_output=True, text=True, check=False)
    assert synced.returncode == 0, synced.stderr
    assert image(tmp_path)["digest"] == image(controllers)["digest"]
    again = subprocess.run(options("sync", tmp_path), capture_output=True, text=True, check=True)
    assert "1 of 1 components are there" in again.stderr


def test_a_wheel_that_cannot_be_had_is_one_clear_error(controllers: Path, tmp_path: Path, run: Run) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store/rootfs").symlink_to(controllers / "store/rootfs")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    catalogue = controllers / "catalogue.yaml"
    result = run("build", "--store", tmp_path / "store", "--catalogue", catalogue, **nowhere)
    assert result.returncode == 1
    said = result.stderr[result.stderr.index("kube-mirror: ") :]
    assert said.startswith("kube-mirror: cloud-controller 0.1.0: not built: fetching wheels:\n")
    assert "No matching distribution found" in said


def test_every_wheel_is_there_for_arm64_too(tmp_path: Path) -> None:
    known = catalogue.read(catalogue.PACKAGED)
    controller = next(part for part in known.select((known.default,)) if part.name == "cloud-controller")
    assert isinstance(controller.python, Python)
    requirements = controller.python.requirements_file
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--dest", str(tmp_path), "--only-binary=:all:", "--platform", WHEELS["linux/arm64"]]
    command += ["--implementation", "cp", "--python-version", controller.python.version]
    result = subprocess.run(
        [*command, "--requirement", str(requirements)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    pins = [line for line in requirements.read_text().splitlines() if not line.startswith("#")]
    assert len(list(tmp_path.glob("*.whl"))) == len(pins)
