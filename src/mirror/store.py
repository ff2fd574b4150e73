# SPDX-License-Identifier: GPL-3.0-or-later
"""The store: one directory with everything the mirror holds.

    files/      what is served over HTTP, at its origin's paths
    registry/   the storage of the docker-registry
    records/    what was made, from what, with which digests: one file a component
    rootfs/     the lowest layers of images, by the digest of their recipe
    go/         Go's caches, work directories and logs
    partial/    downloads that are not complete

A file appears in `files` whole or not at all, and a record is written after everything it speaks of.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import IO

import msgspec

from mirror.catalogue import Catalogue, Component, File
from mirror.errors import MirrorError
from mirror.progress import say

BLOBS = "docker/registry/v2/blobs/sha256"


class StoredFile(msgspec.Struct, frozen=True):
    """A file under `files`: its path in URLs, its size in bytes and its sha256 in hex."""

    path: str
    size: int
    sha256: str


class StoredImage(msgspec.Struct, frozen=True):
    """An image in the registry: the digest of its manifest, and of all blobs that the manifest names."""

    name: str
    tag: str
    inside: str
    digest: str
    size: int
    blobs: tuple[str, ...]


class Record(msgspec.Struct, frozen=True):
    """What is there of one component. `recipe` decides whether it is what is wanted now."""

    component: str
    version: str
    recipe: str
    origin: str
    seconds: float
    files: tuple[StoredFile, ...]
    images: tuple[StoredImage, ...]
    upstream: bool = False  # copied as published, not built


class Store:
    """The directory `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.files = self.root / "files"
        self.registry = self.root / "registry"
        self.records = self.root / "records"
        self.rootfs = self.root / "rootfs"
        self.go = self.root / "go"
        self.partial = self.root / "partial"

    @contextmanager
    def filling(
        self, catalogue: Catalogue, wanted: list[Component], upstream: bool = False
    ) -> Iterator[list[Component]]:
        """Those of the wanted components that are missing, for as long as nobody else writes to the store.

        With `upstream`, what was built here although somebody publishes it counts as missing too.
        """
        for directory in (self.files, self.registry, self.records, self.rootfs, self.go, self.partial):
            directory.mkdir(parents=True, exist_ok=True)
        missing = self._missing(catalogue, wanted, upstream)
        # Where nothing is missing nobody needs to wait.
        with self._locked() if missing else nullcontext():
            if missing:
                self._tidy()
                missing = self._missing(catalogue, wanted, upstream)
            say(f"{len(wanted) - len(missing)} of {len(wanted)} components are there, in {self.root}")
            try:
                yield missing
            finally:
                # A signal can fall between the making of a scratch directory and the taking care of it.
                if missing:
                    self._remove_scratch()

    def _missing(self, catalogue: Catalogue, wanted: list[Component], upstream: bool) -> list[Component]:
        def present(component: Component) -> bool:
            record = self.recorded(component.name, component.version)
            if record is None or record.recipe != catalogue.recipe(component):
                return False
            copied = record.upstream or not component.published
            return (copied or not upstream) and self.intact(record)

        return [component for component in wanted if not present(component)]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"{self.root} is being filled by another kube-mirror, waiting for it ...")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _tidy(self) -> None:
        """Remove what a run left that was killed or lost its power."""
        self._remove_scratch()
        blobs = list((self.registry / BLOBS).glob("*/*/data"))
        with ThreadPoolExecutor() as pool:
            for blob, digest in zip(blobs, pool.map(sha256, blobs), strict=True):
                # The registry takes a blob that is there for whole, and would never ask for it again.
                if blob.parent.name != digest:
                    blob.unlink()

    def _remove_scratch(self) -> None:
        for left_behind in self.partial.glob("scratch-*"):
            shutil.rmtree(left_behind)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A directory on the store's own disk, gone afterwards."""
        with TemporaryDirectory(dir=self.partial, prefix="scratch-") as directory:
            yield Path(directory)

    def file(self, path: str) -> Path:
        """Where the file with this path in URLs is."""
        return self.files / path.lstrip("/")

    def publish(self, source: Path, file: File) -> StoredFile:
        """Move a complete file to its place, its checksums beside it."""
        digest = sha256(source)
        target = self.file(file.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.chmod(0o755 if file.program else 0o644)
        _flush(source)
        source.replace(target)
        write(self.file(f"{file.path}.sha256"), f"{digest}\n".encode())
        if file.checksums:
            write(self.file(file.checksums), f"{digest}  {target.name}\n".encode())
        return StoredFile(file.path, target.stat().st_size, digest)

    def record(self, record: Record) -> None:
        """Write down what was made, last of all."""
        write(self._record_path(record.component, record.version), msgspec.json.encode(record))

    def forget(self, component: str, version: str) -> None:
        self._record_path(component, version).unlink(missing_ok=True)

    def recorded(self, component: str, version: str) -> Record | None:
        """What is written down of a component; None where nothing (readable) is."""
        try:
            return msgspec.json.decode(self._record_path(component, version).read_bytes(), type=Record)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None

    def all_records(self) -> list[Record]:
        paths = sorted(self.records.glob("*.json")) if self.records.is_dir() else []
        return [msgspec.json.decode(path.read_bytes(), type=Record) for path in paths]

    def intact(self, record: Record) -> bool:
        """Whether all that the record speaks of is really there, with these digests."""
        with ThreadPoolExecutor() as pool:
            checks = [*map(self._tagged, record.images), *pool.map(self._file_intact, record.files)]
            blobs = {blob for image in record.images for blob in (image.digest, *image.blobs)}
            return all((*checks, *pool.map(self._blob_intact, blobs)))

    def _file_intact(self, file: StoredFile) -> bool:
        path = self.file(file.path)
        checksum = path.with_name(f"{path.name}.sha256")
        if not path.is_file() or not checksum.is_file():
            return False
        return checksum.read_text().split()[:1] == [file.sha256] == [sha256(path)]

    # The registry's own storage is looked at: to ask it, it would have to be started.

    def _tagged(self, image: StoredImage) -> bool:
        repository = self.registry / "docker/registry/v2/repositories" / image.name
        link = repository / "_manifests/tags" / image.tag / "current/link"
        return link.is_file() and link.read_text() == image.digest

    def _blob_intact(self, digest: str) -> bool:
        name = digest.removeprefix("sha256:")
        blob = self.registry / BLOBS / name[:2] / name / "data"
        return blob.is_file() and sha256(blob) == name

    def _record_path(self, component: str, version: str) -> Path:
        return self.records / f"{component}-{version}.json"


def sha256(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that takes the place of `path` when all went well, and is removed otherwise."""
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def default_root() -> Path:
    """${PACKET_CACHE:-~/.cache/packet-kubernetes}/mirror."""
    cache = os.environ.get("PACKET_CACHE") or Path.home() / ".cache/packet-kubernetes"
    return Path(cache) / "mirror"


def explain(error: OSError, store: Store) -> MirrorError:
    """An error of the operating system while the store was written, with what mends it."""
    return MirrorError(f"{store.root}: {error.strerror or error}: make room there or choose another --store")


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
