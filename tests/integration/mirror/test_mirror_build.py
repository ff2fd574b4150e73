# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-mirror build: complete, once, resumed, and clear about what goes wrong."""

import hashlib
import json
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from mirror_command import Run, kube_mirror


def test_a_build_gives_files_with_checksums_and_says_how_it_goes(
    store: Path, catalogue: Path, run: Run
) -> None:
    result = run("build", "--store", store, "--catalogue", catalogue)
    assert result.returncode == 0, result.stderr
    assert "[1/2] small v1.0.0 (pause) ..." in result.stderr
    assert "[2/2] other v2.0.0 (pause) ..." in result.stderr
    program = store / "files/v1.0.0/bin/linux/amd64/small"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    assert program.with_name("small.sha256").read_text().split() == [digest]
    release = store / "files/other/other/releases/download/v2.0.0"
    with tarfile.open(release / "other-2.0.0.tar.gz") as tar:
        assert [(member.name, member.mode) for member in tar] == [("bin/other", 0o755)]
    checked = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=release, capture_output=True, check=False
    )
    assert checked.returncode == 0
    assert not (store / "files/v1.1.0").exists(), "what is not asked for is not built"


def test_a_second_build_does_nothing(built: Path, catalogue: Path, run: Run) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.glob("[fr]*/**/*") if path.is_file()}
    began = time.monotonic()
    result = run("build", "--store", built, "--catalogue", catalogue)
    assert result.returncode == 0
    assert time.monotonic() - began < 5
    assert "2 of 2 components are there" in result.stderr
    assert before == {path: path.stat().st_mtime_ns for path in built.glob("[fr]*/**/*") if path.is_file()}


@pytest.mark.parametrize(
    "damage",
    [
        "files/v1.0.0/bin/linux/amd64/small",
        "files/v1.0.0/bin/linux/amd64/small.sha256",
        "registry/docker/registry/v2/repositories/registry.k8s.io/small/_manifests/tags/v1.0.0/current/link",
    ],
)
def test_what_is_damaged_is_made_again_and_nothing_else(
    built: Path, catalogue: Path, run: Run, damage: str
) -> None:
    whole = (built / damage).read_bytes()
    (built / damage).write_bytes(b"damaged")
    result = run("build", "--store", built, "--catalogue", catalogue)
    assert result.returncode == 0, result.stderr
    assert "1 of 2 components are there" in result.stderr
    assert "[1/1] small" in result.stderr
    assert (built / damage).read_bytes() == whole


def test_a_damaged_blob_is_made_again(built: Path, catalogue: Path, run: Run) -> None:
    image = next(
        record for record in json.loads(run("list", "--json", "--store", built).stdout) if record["images"]
    )
    digest = image["images"][0]["blobs"][0].removeprefix("sha256:")
    blob = built / "registry/docker/registry/v2/blobs/sha256" / digest[:2] / digest / "data"
    blob.write_bytes(blob.read_bytes()[:-1])
    assert run("build", "--store", built, "--catalogue", catalogue).returncode == 0
    assert hashlib.sha256(blob.read_bytes()).hexdigest() == digest


def test_a_changed_entry_is_made_again(built: Path, catalogue: Path, run: Run) -> None:
    catalogue.write_text(catalogue.read_text().replace("entrypoint: [/small]", "command: [/small]"))
    result = run("build", "--store", built, "--catalogue", catalogue)
    assert "1 of 2 components are there" in result.stderr


def test_a_component_that_does_not_compile_is_named_with_the_end_of_its_log(
    store: Path, catalogue: Path, run: Run
) -> None:
    text = catalogue.read_text()
    catalogue.write_text(
        text.replace("  other:\n    go: {source: pause,", "  other:\n    go: {tags: [ignored],")
    )
    result = run("build", "--store", store, "--catalogue", catalogue)
    assert result.returncode == 1
    last = result.stderr[result.stderr.index("kube-mirror: ") :]
    assert last.startswith("kube-mirror: other v2.0.0: not built; the end of ")
    assert "no Go files" in last or "no required module" in last or "matched no packages" in last
    assert (store / "files/v1.0.0/bin/linux/amd64/small").is_file(), "what came before it stays"
    assert not (store / "files/other").exists()
    catalogue.write_text(text)
    mended = run("build", "--store", store, "--catalogue", catalogue)
    assert mended.returncode == 0
    assert "1 of 2 components are there" in mended.stderr


def test_two_builds_at_once_do_the_work_once(store: Path, catalogue: Path) -> None:
    command = kube_mirror("build", "--store", store, "--catalogue", catalogue)
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate()[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert sum("0 of 2 components are there" in text for text in said) == 1
    assert sum("2 of 2 components are there" in text for text in said) == 1
    assert sum("is being filled by another kube-mirror" in text for text in said) == 1


def test_a_build_ended_as_it_makes_its_scratch_directory_leaves_none(store: Path, catalogue: Path) -> None:
    """The moment at which the directory is there and nothing takes care of it yet."""
    ended_there = """
import os, signal, sys, tempfile
make = tempfile.mkdtemp
def make_and_end(*arguments, **options):
    path = make(*arguments, **options)
    if "/scratch-" in path:
        os.kill(os.getpid(), signal.SIGTERM)
    return path
tempfile.mkdtemp = make_and_end
from mirror.cli import main
sys.exit(main(sys.argv[1:]))
"""
    command = kube_mirror("build", "--store", store, "--catalogue", catalogue)
    result = subprocess.run([command[0], "-c", ended_there, *command[3:]], capture_output=True, check=False)
    assert result.returncode == 143
    assert list((store / "partial").iterdir()) == []


def test_an_ended_build_leaves_nothing_half_made(store: Path, catalogue: Path, run: Run) -> None:
    command = kube_mirror("build", "--store", store, "--catalogue", catalogue)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "[1/2]" not in process.stderr.readline():
            assert process.poll() is None
        process.terminate()
    assert process.returncode == 143
    assert list((store / "partial").iterdir()) == []
    assert run("build", "--store", store, "--catalogue", catalogue).returncode == 0


def test_a_full_disk_is_one_clear_line_and_the_next_run_goes_on(
    store: Path, catalogue: Path, run: Run, go: Path, tmp_path: Path
) -> None:
    """The store lies on 3 MiB of memory, in a mount namespace of the test's own."""
    tight = tmp_path / "tight"
    tight.mkdir()
    build = " ".join(kube_mirror("build", "--store", tight, "--catalogue", catalogue))
    script = f"""
        mount -t tmpfs -o size=3m none {tight} && mkdir {tight}/go && ln -s {go} {tight}/go/cache
        {build} 2>&1; echo "code $?"
        find {tight}/files -type f
        mount -o remount,size=64m {tight}
        {build} 2>&1; echo "code $?"
    """
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    full, mended = result.stdout.split("code 1\n")
    last = full.strip().splitlines()[-1]
    assert last.startswith("kube-mirror: ")
    assert "o space left on device" in last or "is the disk full?" in last
    assert mended.endswith("code 0\n")


def test_a_version_that_is_not_in_the_catalogue_is_refused(store: Path, run: Run) -> None:
    result = run("build", "--store", store, "--kubernetes", "v1.2.3")
    assert result.returncode == 1
    assert (
        result.stderr
        == "kube-mirror: --kubernetes v1.2.3: not in the catalogue, which has v1.36.3, v1.35.4\n"
    )


def test_missing_programs_are_named_with_their_package(store: Path, catalogue: Path, run: Run) -> None:
    result = run("build", "--store", store, "--catalogue", catalogue, PATH="/nonexistent")
    assert result.returncode == 1
    assert result.stderr.endswith("kube-mirror: missing programs: apt-get install docker-registry\n")
