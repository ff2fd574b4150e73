# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: whole, consistent, and refused in clear words where it is not."""

from importlib import metadata
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mirror import catalogue
from mirror.catalogue import Component, Python
from mirror.errors import MirrorError

RELEASES = ("v1.36.3", "v1.35.4")


@pytest.fixture(scope="module")
def known() -> catalogue.Catalogue:
    return catalogue.read(catalogue.PACKAGED)


def one(components: list[Component], name: str) -> Component:
    return next(component for component in components if component.name == name)


@pytest.mark.parametrize(
    ("release", "images"),
    [
        ("v1.36.3", ("etcd:3.6.8-0", "coredns/coredns:v1.14.2", "pause:3.10.2", "kube-proxy:v1.36.3")),
        ("v1.35.4", ("etcd:3.6.6-0", "coredns/coredns:v1.13.1", "pause:3.10.1", "kube-proxy:v1.35.4")),
    ],
)
def test_a_release_has_the_images_that_its_kubeadm_names(
    known: catalogue.Catalogue, release: str, images: tuple[str, ...]
) -> None:
    there = {image.reference for component in known.select((release,)) for image in component.images}
    assert {f"registry.k8s.io/{image}" for image in images} <= there


def test_files_have_the_paths_of_their_origins(known: catalogue.Catalogue) -> None:
    paths = {file.path for component in known.select(("v1.36.3",)) for file in component.files}
    assert paths >= {
        "/v1.36.3/bin/linux/amd64/kubeadm",
        "/containerd/containerd/releases/download/v2.4.2/containerd-2.4.2-linux-amd64.tar.gz",
        "/opencontainers/runc/releases/download/v1.5.2/runc.amd64",
        "/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz",
        "/etcd-io/etcd/releases/download/v3.6.8/etcd-v3.6.8-linux-amd64.tar.gz",
    }


def test_what_two_releases_share_is_made_once(known: catalogue.Catalogue) -> None:
    names = [component.id for component in known.select(RELEASES)]
    assert len(names) == len(set(names))
    assert "containerd-v2.4.2" in names
    assert {"kubernetes-v1.36.3", "kubernetes-v1.35.4"} <= set(names)


def test_whatever_is_packed_is_also_made(known: catalogue.Catalogue) -> None:
    for component in known.select(RELEASES):
        programs = set(component.go.programs) if component.go else set()
        folder = {"python"} if component.python else set()
        for image in component.images:
            assert set(image.contents.values()) <= programs | folder
            assert image.rootfs is None or image.rootfs in known.rootfs
            assert image.rootfs or image.contents
        for file in component.files:
            assert {file.program} <= programs or set((file.archive or {}).values()) <= programs


def test_no_two_components_make_the_same_thing(known: catalogue.Catalogue) -> None:
    components = known.select(RELEASES)
    made = [file.path for component in components for file in component.files]
    made += [image.reference for component in components for image in component.images]
    assert len(made) == len(set(made))


def test_the_recipe_changes_with_what_decides_and_only_with_that(known: catalogue.Catalogue) -> None:
    components = known.select(("v1.36.3",))
    flannel, coredns = one(components, "flannel"), one(components, "coredns")
    assert known.recipe(flannel) == catalogue.read(catalogue.PACKAGED).recipe(flannel)
    newer = msgspec.structs.replace(flannel, version="v0.28.5")
    debian = msgspec.structs.replace(known.rootfs["debian"], packages=("iptables",))
    smaller = msgspec.structs.replace(known, rootfs={**known.rootfs, "debian": debian})
    assert len({known.recipe(flannel), known.recipe(newer), smaller.recipe(flannel)}) == 3
    assert known.recipe(coredns) == smaller.recipe(coredns)


def test_the_recipe_of_python_changes_with_our_source_and_the_pins(
    known: catalogue.Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = one(known.select(("v1.36.3",)), "cloud-controller")
    assert isinstance(controller.python, Python)
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "packages_of_test/part"
    package.mkdir(parents=True)
    files = ("part/program.py", "requirements.txt", "part/__pycache__/program.pyc", "README.md")
    for name in files:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("one")
    python = msgspec.structs.replace(
        controller.python, requirements="packages_of_test.part", packages=("packages_of_test.part.part",)
    )
    component = msgspec.structs.replace(controller, python=python)
    recipes = [known.recipe(component)]
    for name in files:
        (package / name).write_text("two")
        recipes.append(known.recipe(component))
    (package / "part/program.py").rename(package / "part/renamed.py")
    recipes.append(known.recipe(component))
    changed = [before != after for before, after in pairwise(recipes)]
    assert changed == [True, True, False, False, True]


def test_controllers_get_the_packages_that_they_are_tested_with_and_all_that_these_need(
    known: catalogue.Catalogue,
) -> None:
    controller = one(known.select(("v1.36.3",)), "cloud-controller")
    assert isinstance(controller.python, Python)
    lines = controller.python.requirements_file.read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins == {name: metadata.version(name) for name in pins}
    needed = {
        canonicalize_name(needs.name)
        for name in pins
        for needs in map(Requirement, metadata.requires(name) or ())
        if name != "ansible-core"
        and (needs.marker is None or needs.marker.evaluate({"extra": "", "python_version": "3.11"}))
    }
    assert needed <= set(map(canonicalize_name, pins))


def test_the_recipe_of_what_is_not_python_does_not_know_of_it(known: catalogue.Catalogue) -> None:
    """Stores were filled before there was Python: nothing of theirs is made anew."""
    assert b"python" not in msgspec.json.encode(one(known.select(("v1.36.3",)), "coredns"))


def test_only_what_nobody_publishes_is_never_copied(known: catalogue.Catalogue) -> None:
    assert {part.name for part in known.select(RELEASES) if not part.published} == {"cloud-controller"}


@pytest.mark.parametrize(
    ("package", "remedy"),
    [
        (
            "absent_of_test",
            r"absent_of_test is not installed beside kube-mirror: run .* a checkout",
        ),
        (
            "ansible_collections.of_test.absent.plugins",
            r"ansible-galaxy collection install --collections-path \S+ of_test\.absent",
        ),
    ],
)
def test_source_that_is_not_installed_is_named_with_what_mends_it(
    known: catalogue.Catalogue, package: str, remedy: str
) -> None:
    controller = one(known.select(("v1.36.3",)), "cloud-controller")
    assert isinstance(controller.python, Python)
    python = msgspec.structs.replace(controller.python, packages=(package,))
    with pytest.raises(MirrorError, match=remedy):
        known.recipe(msgspec.structs.replace(controller, python=python))


def test_an_unknown_version_is_refused_with_those_that_are_known(known: catalogue.Catalogue) -> None:
    with pytest.raises(MirrorError, match=r"v1\.2\.3.*v1\.36\.3, v1\.35\.4"):
        known.select(("v1.2.3",))


def test_a_file_that_is_no_catalogue_is_refused_by_field(tmp_path: Path) -> None:
    wrong = tmp_path / "catalogue.yaml"
    wrong.write_text("platform: linux/amd64\nsurprise: 1\n")
    with pytest.raises(MirrorError, match=r"catalogue\.yaml: not a catalogue: .*surprise"):
        catalogue.read(wrong)
    with pytest.raises(MirrorError, match="No such file"):
        catalogue.read(tmp_path / "absent.yaml")
