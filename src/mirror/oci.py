# SPDX-License-Identifier: GPL-3.0-or-later
"""Images as OCI defines them (github.com/opencontainers/image-spec): layers, configuration, manifest.

The same contents always give the same bytes, so that an image which did not change keeps its digest.
"""

import gzip
import hashlib
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO

import msgspec

from mirror.store import replacing, sha256

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

# Images are made often and pulled over a local network: time counts more than the last bytes.
COMPRESSION = 1
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Layer:
    """A gzipped tar on disk; `diff_id` is the digest of the tar itself."""

    path: Path
    digest: str
    diff_id: str
    size: int


@dataclass(frozen=True)
class Built:
    """An image that can be pushed: its layers and the exact bytes of its two documents."""

    layers: tuple[Layer, ...]
    config: bytes
    manifest: bytes

    @property
    def digest(self) -> str:
        return digest(self.manifest)

    @property
    def size(self) -> int:
        """What a node pulls that has no layer of it yet, in bytes."""
        return sum(layer.size for layer in self.layers) + len(self.config) + len(self.manifest)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def compress(tar: IO[bytes], target: Path) -> Layer:
    """Make a layer of a tar."""
    plain = hashlib.sha256()
    # No name and no time in the gzip header: they would be different every time.
    with replacing(target) as file, gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as zipped:
        while chunk := tar.read(1 << 20):
            plain.update(chunk)
            zipped.write(chunk)
    return Layer(target, f"sha256:{sha256(target)}", f"sha256:{plain.hexdigest()}", target.stat().st_size)


def layer(contents: Mapping[str, Path], target: Path, bare: bool) -> Layer:
    """Make a layer of programs and folders: absolute path in the image -> what is there.

    A `bare` layer is the lowest of its image and gets a /tmp, as programs expect one.
    """
    files = dict(_files(contents))
    directories = {parent: 0o755 for path in files for parent in _parents(path)}
    return _pack(files, {**directories, "tmp": 0o1777} if bare else directories, target)


def archive(contents: Mapping[str, Path], target: Path) -> None:
    """Make a release archive (a gzipped tar) of programs: name in the archive -> file."""
    _pack(dict(_files(contents)), {}, target)


def _files(contents: Mapping[str, Path]) -> Iterator[tuple[str, tuple[Path, int]]]:
    """The path, the source and the mode of each file. What lies in a folder is read and not run."""
    for path, source in contents.items():
        if source.is_dir():
            for file in filter(Path.is_file, source.rglob("*")):
                yield f"{path}/{file.relative_to(source)}", (file, 0o644)
        else:
            yield path, (source, 0o755)


def _pack(files: Mapping[str, tuple[Path, int]], directories: Mapping[str, int], target: Path) -> Layer:
    """Everything belongs to root, and nothing tells when and where it was made."""
    with TemporaryFile(dir=target.parent) as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name, mode in sorted(directories.items()):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, mode
                tar.addfile(entry)
            for path, (source, mode) in sorted(files.items()):
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.mode, entry.size = mode, source.stat().st_size
                with source.open("rb") as program:
                    tar.addfile(entry, program)
        file.seek(0)
        return compress(file, target)


def image(
    platform: str,
    layers: tuple[Layer, ...],
    entrypoint: tuple[str, ...] = (),
    command: tuple[str, ...] = (),
    user: str = "",
) -> Built:
    """The documents of an image. `platform` is "linux/amd64"."""
    os_name, architecture = platform.split("/")
    running = {
        "Env": [f"PATH={SEARCH_PATH}"],
        "Entrypoint": list(entrypoint),
        "Cmd": list(command),
        "User": user,
        "WorkingDir": "/",
    }
    config = _document(
        {
            "created": "1970-01-01T00:00:00Z",
            "architecture": architecture,
            "os": os_name,
            "config": {key: value for key, value in running.items() if value},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        }
    )
    manifest = _document(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": layer.digest, "size": layer.size} for layer in layers],
        }
    )
    return Built(layers, config, manifest)


def _document(content: object) -> bytes:
    return msgspec.json.encode(content, order="deterministic")


def _parents(path: str) -> list[str]:
    return [str(parent).lstrip("/") for parent in PurePosixPath(path).parents if str(parent) != "/"]
