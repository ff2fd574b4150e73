# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-mirror sync: the same store from an upstream, which here is another mirror."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mirror_command import Run, Serve, Served

SMALL = "v1.0.0/bin/linux/amd64/small"


@pytest.fixture
def upstream(built: Path, serve: Serve) -> Iterator[Served]:
    with serve(built) as served:
        yield served


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def options(upstream: Served, catalogue: Path, copy: Path) -> list[object]:
    registry = f"registry.k8s.io={upstream.images}/registry.k8s.io"
    urls = ["--download-url", upstream.files, "--github-url", upstream.files, "--registry-url", registry]
    return ["sync", "--store", copy, "--catalogue", catalogue, *urls]


def test_a_copy_is_like_its_origin_and_is_made_once(
    built: Path, upstream: Served, catalogue: Path, copy: Path, run: Run
) -> None:
    result = run(*options(upstream, catalogue, copy))
    assert result.returncode == 0, result.stderr
    theirs, ours = (json.loads(run("list", "--json", "--store", store).stdout) for store in (built, copy))
    assert [record["files"] for record in ours] == [record["files"] for record in theirs]
    assert _digests(ours) == _digests(theirs)
    again = run(*options(upstream, catalogue, copy))
    assert "2 of 2 components are there" in again.stderr
    build = run("build", "--store", copy, "--catalogue", catalogue)
    assert "2 of 2 components are there" in build.stderr, "what was published need not be built"


def test_what_is_not_as_its_checksum_says_is_refused_and_can_be_had_later(
    built: Path, upstream: Served, catalogue: Path, copy: Path, run: Run
) -> None:
    program = built / "files" / SMALL
    content = program.read_bytes()
    program.write_bytes(content[:-1] + b"!")
    result = run(*options(upstream, catalogue, copy))
    assert result.returncode == 1
    assert f"{upstream.files}/{SMALL}: sha256 is " in result.stderr
    assert not (copy / "files" / SMALL).exists()
    program.write_bytes(content)
    assert run(*options(upstream, catalogue, copy)).returncode == 0


def test_a_download_that_broke_off_goes_on_where_it_ended(
    built: Path, upstream: Served, catalogue: Path, copy: Path, run: Run
) -> None:
    """The part that is there is taken as it is: made wrong on purpose, it shows in the checksum."""
    assert run(*options(upstream, catalogue, copy)).returncode == 0
    content = (copy / "files" / SMALL).read_bytes()
    (copy / "files" / SMALL).unlink()
    part = copy / "partial" / f"{SMALL.replace('/', '_')}"
    part.write_bytes(b"?" * 1000)
    wrong = run(*options(upstream, catalogue, copy))
    assert "sha256 is " in wrong.stderr
    assert not part.exists()
    part.write_bytes(content[:1000])
    assert run(*options(upstream, catalogue, copy)).returncode == 0
    assert (copy / "files" / SMALL).read_bytes() == content


def test_an_upstream_that_is_not_there_is_named(
    upstream: Served, catalogue: Path, copy: Path, run: Run
) -> None:
    catalogue.write_text(catalogue.read_text().replace("registry.k8s.io/small", "registry.k8s.io/absent"))
    result = run(*options(upstream, catalogue, copy))
    assert result.returncode == 1
    assert "registry.k8s.io/absent:v1.0.0: not copied: " in result.stderr


def test_a_wrong_url_is_refused_before_anything_is_done(copy: Path, run: Run) -> None:
    result = run("sync", "--store", copy, "--registry-url", "registry.k8s.io")
    assert result.returncode == 2
    assert "is not NAME=URL with an http or https URL" in result.stderr
    assert not copy.exists()


def _digests(records: list[dict[str, Any]]) -> dict[str, list[str]]:
    images = [image for record in records for image in record["images"]]
    return {f"{image['name']}:{image['tag']}": [image["digest"], *image["blobs"]] for image in images}
