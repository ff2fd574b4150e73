# SPDX-License-Identifier: GPL-3.0-or-later
"""`kube-mirror sync`: everything a cluster pulls, copied from those who publish it; our own is built."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from mirror import build, registry, toolchain
from mirror.catalogue import Catalogue, Component, File, Image
from mirror.errors import MirrorError, need
from mirror.progress import Step
from mirror.registry import Registry
from mirror.store import Record, Store, StoredFile, StoredImage, sha256

TIMEOUT = (10.0, 60.0)  # seconds to connect, and without a byte
ATTEMPTS = 5
CHUNK = 1 << 20


@dataclass(frozen=True)
class Upstream:
    """Where things are copied from. `registries` maps a registry's name to the URL that stands in for it."""

    kubernetes: str = "https://dl.k8s.io"
    github: str = "https://github.com"
    registries: dict[str, str] = field(default_factory=dict)

    def url(self, file: File, path: str) -> str:
        base = self.kubernetes if file.origin == "kubernetes" else self.github
        return base.rstrip("/") + path

    def image(self, image: Image) -> tuple[str, bool]:
        """The image's name for skopeo, and whether it is reached over TLS."""
        name, _, rest = image.reference.partition("/")
        scheme, _, base = self.registries.get(name, f"https://{name}").partition("://")
        return f"docker://{base}/{rest}", scheme == "https"


def sync(catalogue: Catalogue, store: Store, releases: tuple[str, ...], upstream: Upstream) -> int:
    """Copy what is missing of these Kubernetes versions; gives of how many components.

    What was built before is replaced; a download that broke off goes on where it ended. What nobody publishes
    is built. Raises MirrorError where something cannot be had or is not what its checksum says.
    """
    wanted = catalogue.select(releases)
    need("skopeo", "docker-registry")
    with store.filling(catalogue, wanted, upstream=True) as missing:
        published = [component for component in missing if component.published]
        own = [component for component in missing if not component.published]
        build.check_programs(own)
        if published:
            with registry.running(store, registry.LOOPBACK, readonly=False) as target, _session() as session:
                for number, component in enumerate(published, 1):
                    step = Step(number, len(missing), f"{component.name} {component.version}")
                    copy = _Copy(catalogue, store, upstream, target, session, step)
                    copy.component(component)
                    step.done()
        build.make(catalogue, store, own, toolchain.cores(), before=len(published))
    return len(missing)


def _session() -> requests.Session:
    session = requests.Session()
    retry = Retry(ATTEMPTS, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


@dataclass(frozen=True)
class _Copy:
    catalogue: Catalogue
    store: Store
    upstream: Upstream
    registry: Registry
    session: requests.Session
    step: Step

    def component(self, component: Component) -> None:
        self.store.forget(component.name, component.version)
        files = tuple(self.file(file) for file in component.files)
        images = tuple(self.image(image) for image in component.images)
        recipe = self.catalogue.recipe(component)
        self.store.record(
            Record(
                component.name,
                component.version,
                recipe,
                "upstream",
                round(self.step.seconds, 1),
                files,
                images,
                upstream=True,
            )
        )

    def file(self, file: File) -> StoredFile:
        wanted = self._checksum(file)
        part = self.store.partial / file.path.strip("/").replace("/", "_")
        there = self.store.file(file.path)
        if there.is_file() and sha256(there) == wanted:
            shutil.copy(there, part)
        else:
            self._download(self.upstream.url(file, file.path), part)
        found = sha256(part)
        if found != wanted:
            part.unlink()
            raise MirrorError(f"{self.upstream.url(file, file.path)}: sha256 is {found}, should be {wanted}")
        return self.store.publish(part, file)

    def image(self, image: Image) -> StoredImage:
        source, tls = self.upstream.image(image)
        os_name, arch = self.catalogue.platform.split("/")
        target = f"docker://{self.registry.url.removeprefix('http://')}/{image.reference}"
        command = [
            "skopeo",
            "--insecure-policy",
            "--override-os",
            os_name,
            "--override-arch",
            arch,
            "copy",
            "--quiet",
        ]
        command += [
            "--retry-times",
            str(ATTEMPTS),
            f"--src-tls-verify={str(tls).lower()}",
            "--dest-tls-verify=false",
        ]
        self.step.alive(lambda: image.reference)
        result = subprocess.run([*command, source, target], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise MirrorError(f"{source.removeprefix('docker://')}: not copied: {result.stderr.strip()}")
        return registry.stored(self.registry, image, "as published")

    def _checksum(self, file: File) -> str:
        """The sha256 that the origin tells: a lone sum, or the line of `sha256sum` with the file's name."""
        url = self.upstream.url(file, file.checksum_path)
        name = Path(file.path).name
        for line in self._get(url).text.splitlines():
            words = line.split()
            if words and len(words[0]) == 64 and (len(words) == 1 or words[1].lstrip("*./") == name):
                return words[0].lower()
        raise MirrorError(f"{url}: has no sha256 of {name}")

    def _get(self, url: str) -> requests.Response:
        try:
            response = self.session.get(url, timeout=TIMEOUT)
            response.raise_for_status()
        except requests.RequestException as error:
            raise MirrorError(f"{url}: {error}") from error
        return response

    def _download(self, url: str, part: Path) -> None:
        """Get a file; where the connection breaks, or broke in an earlier run, only the rest of it."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._rest(url, part)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
                if attempt == ATTEMPTS:
                    raise MirrorError(f"{url}: {error}") from error
            except requests.RequestException as error:
                raise MirrorError(f"{url}: {error}") from error
            else:
                return

    def _rest(self, url: str, part: Path) -> None:
        size = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={size}-"} if size else {}
        with self.session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                return  # there is no rest
            response.raise_for_status()
            resumed = response.status_code == requests.codes.partial_content
            with part.open("ab" if resumed else "wb") as file:
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    self.step.alive(lambda: f"{file.tell() >> 20} MiB of {url.rsplit('/', 1)[-1]}")
