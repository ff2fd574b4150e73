# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of keys and certificates: never half written, never open in between, errors that name them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from ansible_collections.packet.kubernetes.plugins.module_utils._pki import files
from ansible_collections.packet.kubernetes.plugins.module_utils._reconcile import ResourceError
from pki_cases import ca, certificate, key_pair, kubeconfig


def test_what_cannot_be_done_with_a_file_is_said_with_its_path(tmp_path: Path) -> None:
    path, below = tmp_path / "gone", tmp_path / "file" / "key"
    below.parent.write_text("")
    with pytest.raises(ResourceError) as caught:
        files.set_mode(str(path), files.PRIVATE)
    assert str(caught.value) == f"cannot set the mode of {path} to 0600: No such file or directory"
    with pytest.raises(ResourceError) as caught:
        files.remove(str(tmp_path))
    assert str(caught.value) == f"cannot remove {tmp_path}: Is a directory"
    with pytest.raises(ResourceError) as caught:
        files.mode(str(below))
    assert str(caught.value) == f"cannot look at {below}: Not a directory"
    with pytest.raises(ResourceError) as caught:
        files.read(str(tmp_path))
    assert str(caught.value) == f"cannot read {tmp_path}: Is a directory"
    with pytest.raises(ResourceError) as caught:
        files.write(str(tmp_path), b"", files.PRIVATE)
    assert str(caught.value) == f"cannot write {tmp_path}: Is a directory"


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "key" / "inside").mkdir(parents=True)
    with pytest.raises(ResourceError, match="cannot write"):
        files.write(str(tmp_path / "key"), b"secret", files.PRIVATE)
    assert os.listdir(tmp_path) == ["key"]


def test_what_is_being_written_is_beside_the_file_and_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    path.write_text("old")

    def interrupted(temporary: str, _path: str) -> None:
        assert Path(temporary).parent == tmp_path
        assert Path(temporary).name.startswith(".key.")
        assert Path(temporary).stat().st_mode & 0o777 == 0o600
        assert path.read_text() == "old"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(ResourceError, match=f"^cannot write {path}: No space left on device$"):
        files.write(str(path), b"new", files.PRIVATE)
    assert os.listdir(tmp_path) == ["key"]


@pytest.mark.parametrize(
    ("library", "package"), [("cryptography", "cryptography"), ("yaml", "PyYAML")], ids=["crypto", "yaml"]
)
def test_a_library_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ResourceError, match=rf"Python library \({package}\) on .*"):
        kubeconfig(tmp_path / "admin", tmp_path / "ca")
    if library == "cryptography":
        for make in (ca, key_pair, lambda path: certificate(path, tmp_path / "ca")):
            with pytest.raises(ResourceError, match=rf"Python library \({package}\) on .*"):
                make(tmp_path / "x")
