# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry: Debian's docker-registry over the store, and how images get into it.

Contract: github.com/opencontainers/distribution-spec.
"""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

import msgspec
import requests

from mirror.catalogue import Image
from mirror.errors import MirrorError, need
from mirror.oci import MANIFEST, Built, Layer
from mirror.store import Store, StoredImage

STARTING = 10.0  # seconds that docker-registry may take to answer
READING = 60.0  # seconds without a byte from it


class Address(msgspec.Struct, frozen=True):
    """Where a server listens; port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read HOST:PORT. Raises ValueError."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:8090")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def free(self) -> "Address":
        """This address with a real port. Raises MirrorError where another program has it."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise MirrorError(f"cannot listen on {self}: {error.strerror}") from error
            return Address(self.host, probe.getsockname()[1])


LOOPBACK = Address("127.0.0.1", 0)


class Registry:
    """A docker-registry that runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", address: Address) -> None:
        self.process = process
        self.url = f"http://{address}"

    def healthy(self) -> bool:
        """Whether it answers now."""
        try:
            with _session() as session:
                return session.get(f"{self.url}/v2/", timeout=2).ok
        except requests.RequestException:
            return False


@contextmanager
def running(store: Store, address: Address, readonly: bool) -> Iterator[Registry]:
    """A docker-registry over the store's images, as long as the block lasts; it dies with this process too.

    Raises MirrorError where it is missing, its port is taken or it does not come up.
    """
    need("docker-registry")
    address = address.free()
    with TemporaryDirectory(prefix="kube-mirror-") as directory:
        config = Path(directory) / "registry.json"  # YAML is a superset of JSON
        config.write_bytes(msgspec.json.encode(_config(store, address, readonly)))
        command = ["setpriv", "--pdeathsig", "TERM", "docker-registry", "serve", str(config)]
        log = Path(directory) / "log"
        quiet = subprocess.DEVNULL
        # While it is filled, it calls an error whatever it is asked for and has not yet.
        with (
            log.open("wb") as file,
            subprocess.Popen(
                command, stdin=quiet, stdout=quiet, stderr=None if readonly else file
            ) as process,
        ):
            try:
                registry = Registry(process, address)
                _wait(registry, log)
                yield registry
            finally:
                process.terminate()


def push(registry: Registry, image: Image, built: Built) -> StoredImage:
    """Put an image into the registry: blobs first, so that what a tag names is always complete.

    Raises MirrorError where the registry refuses, for a full disk as well.
    """
    repository = f"{registry.url}/v2/{image.name}"
    try:
        with _session() as session:
            for layer in built.layers:
                _push_layer(session, repository, layer)
            config = msgspec.json.decode(built.manifest)["config"]["digest"]
            _push_blob(session, repository, config, built.config)
            headers = {"Content-Type": MANIFEST}
            url = f"{repository}/manifests/{image.tag}"
            session.put(url, data=built.manifest, headers=headers, timeout=READING).raise_for_status()
    except requests.RequestException as error:
        raise MirrorError(f"{image.reference}: not stored (is the disk full?): {error}") from error
    blobs = (config, *(layer.digest for layer in built.layers))
    return StoredImage(image.name, image.tag, image.inside, built.digest, built.size, blobs)


def stored(registry: Registry, image: Image, inside: str) -> StoredImage:
    """What the registry holds under the name of this image. Raises MirrorError where that is nothing."""
    url = f"{registry.url}/v2/{image.name}/manifests/{image.tag}"
    accepted = {"Accept": f"{MANIFEST}, application/vnd.docker.distribution.manifest.v2+json"}
    try:
        with _session() as session:
            response = session.get(url, headers=accepted, timeout=READING)
            response.raise_for_status()
    except requests.RequestException as error:
        raise MirrorError(f"{image.reference}: not in the registry: {error}") from error
    manifest = response.json()
    parts = (manifest["config"], *manifest["layers"])
    size = sum(part["size"] for part in parts) + len(response.content)
    digest = response.headers["Docker-Content-Digest"]
    return StoredImage(image.name, image.tag, inside, digest, size, tuple(part["digest"] for part in parts))


def _session() -> requests.Session:
    """For a registry on this host, which is never behind a proxy."""
    session = requests.Session()
    session.trust_env = False
    return session


def _push_layer(session: requests.Session, repository: str, layer: Layer) -> None:
    with layer.path.open("rb") as file:
        _push_blob(session, repository, layer.digest, file.read())


def _push_blob(session: requests.Session, repository: str, digest: str, content: bytes) -> None:
    if session.head(f"{repository}/blobs/{digest}", timeout=READING).ok:
        return
    started = session.post(f"{repository}/blobs/uploads/", timeout=READING)
    started.raise_for_status()
    session.put(
        urljoin(repository, started.headers["Location"]),
        params={"digest": digest},
        data=content,
        headers={"Content-Type": "application/octet-stream"},
        timeout=READING,
    ).raise_for_status()


def _config(store: Store, address: Address, readonly: bool) -> dict[str, object]:
    return {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(store.registry)},
            "maintenance": {"readonly": {"enabled": readonly}, "uploadpurging": {"enabled": False}},
        },
        "http": {"addr": str(address), "secret": secrets.token_hex()},
    }


def _wait(registry: Registry, log: Path) -> None:
    deadline = time.monotonic() + STARTING
    while not registry.healthy():
        if registry.process.poll() is not None or time.monotonic() > deadline:
            said = (log.read_text(errors="replace").splitlines() or ["see above"])[0]
            raise MirrorError(f"docker-registry does not answer at {registry.url}: {said}")
        time.sleep(0.05)
