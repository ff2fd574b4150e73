# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: what the mirror can hold, each version pinned.

`catalogue.yaml` says it; this module reads it into frozen descriptions, with the names in braces filled in.
"""

import hashlib
import re
import sysconfig
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import msgspec

from mirror.errors import MirrorError

# Goes up whenever the mirror's own code makes something else of the same entry.
RECIPE = 1

# The catalogue that comes with the mirror.
PACKAGED = Path(str(resources.files("mirror") / "catalogue.yaml"))

Origin = Literal["kubernetes", "github"]


class Go(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How programs are compiled."""

    programs: dict[str, str]  # name of the program -> package of its main function
    modules: tuple[str, ...] = ()  # "path version"
    replaces: tuple[str, ...] = ()  # "path => path version"
    staging: str | None = None  # version that stands in for the first module's ./staging directories
    language: str | None = None  # the go directive, where the first module's is too old
    cgo: tuple[str, ...] | None = None  # Debian packages with the C headers; None: no C compiler is needed
    tags: tuple[str, ...] = ()
    ldflags: tuple[str, ...] = ()
    source: str | None = None  # directory in mirror/sources with a main package of our own


class Python(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a folder of Python packages is put together: published wheels, and packages of our own."""

    version: str  # of the image's Python, such as 3.11
    rootfs: str  # where that Python is
    requirements: str  # package of our own, beside which requirements.txt pins every wheel
    packages: tuple[str, ...] = ()  # of our own, by the names under which they are imported
    exclude: tuple[str, ...] = ()  # patterns of paths in the folder that are left out

    @property
    def requirements_file(self) -> Path:
        """Raises MirrorError where the package is not installed."""
        return _installed(self.requirements) / "requirements.txt"

    def source(self) -> dict[str, Path]:
        """Our own packages: path in the folder -> file. Raises MirrorError where one is not installed."""
        found = {}
        for package in self.packages:
            directory = _installed(package)
            for path in filter(Path.is_file, directory.rglob("*")):
                found[f"{package.replace('.', '/')}/{path.relative_to(directory)}"] = path
        return {name: found[name] for name in sorted(found) if not self.excludes(name)}

    def excludes(self, path: str) -> bool:
        """Whether this path in the folder is left out."""
        return any(fnmatchcase(path, pattern) for pattern in self.exclude)


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is served over HTTP, at the path it has at its origin."""

    origin: Origin
    path: str
    program: str | None = None
    archive: dict[str, str] | None = None  # name inside the archive -> program
    checksums: str | None = None  # path of the origin's checksum file; None: `path` and ".sha256"

    @property
    def checksum_path(self) -> str:
        return self.checksums or f"{self.path}.sha256"


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An image in the registry; its name begins with the registry it stands in for."""

    name: str
    tag: str
    inside: str
    rootfs: str | None = None
    contents: dict[str, str] = {}  # path in the image -> program, or `python` for the folder of packages
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""

    @property
    def reference(self) -> str:
        return f"{self.name}:{self.tag}"


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something of one version that is made in one go."""

    name: str
    version: str
    go: Go | None = None
    files: tuple[File, ...] = ()
    images: tuple[Image, ...] = ()
    # Where it is unset, it is not in the recipe either.
    python: Python | msgspec.UnsetType = msgspec.UNSET

    @property
    def id(self) -> str:
        return f"{self.name}-{self.version}"

    @property
    def published(self) -> bool:
        """Whether there is an upstream that it could be copied from: not for what is of our own."""
        return not self.python

    @property
    def rootfs(self) -> list[str]:
        """The lowest layers that making it takes."""
        names = {image.rootfs for image in self.images if image.rootfs}
        return sorted(names | {self.python.rootfs} if self.python else names)


class Rootfs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The lowest layer of an image: packages of a Debian suite."""

    suite: str
    variant: str
    packages: tuple[str, ...]
    exclude: tuple[str, ...] = ()  # patterns of paths that are not unpacked
    hooks: tuple[str, ...] = ()


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is in catalogue.yaml; `components` as it is written there, before the names are filled in."""

    platform: str
    default: str
    go: str
    releases: dict[str, dict[str, str]]
    rootfs: dict[str, Rootfs]
    components: dict[str, dict[str, Any]]

    def select(self, releases: tuple[str, ...]) -> list[Component]:
        """The components of these Kubernetes versions, each once.

        Raises MirrorError for a version that is not in the catalogue.
        """
        found: dict[str, Component] = {}
        for release in releases:
            if release not in self.releases:
                allowed = ", ".join(self.releases)
                raise MirrorError(f"--kubernetes {release}: not in the catalogue, which has {allowed}")
            for component in self._components(self.releases[release]):
                found.setdefault(component.id, component)
        return list(found.values())

    def recipe(self, component: Component) -> str:
        """A digest that changes with anything that decides what is made of the component.

        Raises MirrorError where source of our own is not installed.
        """
        parts = [msgspec.json.encode((RECIPE, self.platform, component), order="deterministic")]
        for name in component.rootfs:
            parts.append(msgspec.json.encode(self.rootfs[name], order="deterministic"))
        if component.go and component.go.source:
            parts += [path.read_bytes() for path in sorted(sources(component.go.source).iterdir())]
        if component.python:
            parts.append(component.python.requirements_file.read_bytes())
            for name, path in component.python.source().items():
                parts += [name.encode(), path.read_bytes()]
        return "sha256:" + hashlib.sha256(b"\0".join(parts)).hexdigest()

    def _components(self, versions: Mapping[str, str]) -> Iterator[Component]:
        os_name, arch = self.platform.split("/")
        for name, entry in self.components.items():
            version = versions[name]
            number = version.removeprefix("v")
            parts = re.split(r"[.-]", number)
            names = {**versions, "version": version, "number": number, "os": os_name, "arch": arch}
            names.update(zip(("major", "minor", "patch"), parts, strict=False))
            yield msgspec.convert({"name": name, "version": version, **_fill(entry, names)}, Component)


def sources(name: str) -> Path:
    """The directory with the Go source of our own called `name`."""
    return Path(str(resources.files("mirror") / "sources" / name))


def _installed(package: str) -> Path:
    """The directory of a package of our own."""
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:
        spec = None
    for directory in (spec and spec.submodule_search_locations) or ():
        return Path(directory)
    collection = re.match(r"ansible_collections\.(\w+\.\w+)", package)
    if collection is None:
        raise MirrorError(f"{package} is not installed beside kube-mirror: run kube-mirror from a checkout")
    name, site = collection[1], sysconfig.get_path("purelib")
    raise MirrorError(
        f"the collection {name} is not installed beside kube-mirror: "
        f"ansible-galaxy collection install --collections-path {site} {name}"
    )


def read(path: Path) -> Catalogue:
    """Read a catalogue file. Raises MirrorError where it is not one."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Catalogue, strict=False)
    except (OSError, msgspec.MsgspecError) as error:
        raise MirrorError(f"{path}: not a catalogue: {error}") from error


def _fill(entry: Any, names: Mapping[str, str]) -> Any:
    if isinstance(entry, str):
        return entry.format_map(names)
    if isinstance(entry, dict):
        return {_fill(key, names): _fill(value, names) for key, value in entry.items()}
    if isinstance(entry, list):
        return [_fill(value, names) for value in entry]
    return entry
