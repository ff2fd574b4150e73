# SPDX-License-Identifier: GPL-3.0-or-later
"""`kube-mirror build`: everything a cluster pulls, made from published modules and packages."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from mirror import oci, registry, rootfs, toolchain
from mirror.catalogue import Catalogue, Component, File, Image, Python
from mirror.compile import Workshop
from mirror.errors import MirrorError, need
from mirror.oci import Layer
from mirror.progress import Step
from mirror.python import Assembly
from mirror.registry import Registry
from mirror.store import Record, Store, StoredFile, StoredImage


def build(catalogue: Catalogue, store: Store, releases: tuple[str, ...], jobs: int) -> int:
    """Make what is missing of these Kubernetes versions, with `jobs` compilers at once.

    Gives how many components were made. What was complete when a run ended stays; the next goes on behind it.
    Raises MirrorError for the first component that cannot be made, OSError where the disk is full.
    """
    with store.filling(catalogue, catalogue.select(releases)) as missing:
        check_programs(missing)
        make(catalogue, store, missing, jobs)
    return len(missing)


def make(catalogue: Catalogue, store: Store, components: list[Component], jobs: int, before: int = 0) -> None:
    """Make components, with `jobs` compilers at once, after as many steps of the run as `before` says.

    Raises as build does.
    """
    if not components:
        return
    with _bench(catalogue, store, components, jobs) as bench:
        for number, component in enumerate(components, before + 1):
            _make(bench, component, Step(number, before + len(components), _title(component)))


def check_programs(components: list[Component]) -> None:
    """Better now than after half an hour. Raises MirrorError, naming what is missing to make these."""
    if components:
        layered = any(component.rootfs for component in components)
        need("docker-registry", *(["mmdebstrap"] if layered else []))
    toolchain.check_c(components)


def _title(component: Component) -> str:
    programs = list(component.go.programs) if component.go else []
    title = f"{component.name} {component.version}"
    return title if programs in ([], [component.name]) else f"{title} ({', '.join(programs)})"


@dataclass(frozen=True)
class _Bench:
    """What one run has at hand; modules and lower layers are being fetched while something compiles."""

    catalogue: Catalogue
    store: Store
    registry: Registry
    workshops: Mapping[str, Workshop]
    fetched: Mapping[str, "Future[None]"]
    layers: Mapping[str, "Future[Layer]"]
    stop: Event  # set: whatever runs is ended


@contextmanager
def _bench(catalogue: Catalogue, store: Store, components: list[Component], jobs: int) -> Iterator[_Bench]:
    stop = Event()
    names = dict.fromkeys(name for component in components for name in component.rootfs)
    workshops = _workshops(catalogue, store, components, jobs, stop)
    with registry.running(store, registry.LOOPBACK, readonly=False) as pushed, ThreadPoolExecutor(2) as pool:
        try:
            modules = _fetch_in_order(pool, workshops)
            layers = {name: pool.submit(rootfs.layer, name, catalogue.rootfs[name], store) for name in names}
            yield _Bench(catalogue, store, pushed, workshops, modules, layers, stop)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _workshops(
    catalogue: Catalogue, store: Store, components: list[Component], jobs: int, stop: Event
) -> dict[str, Workshop]:
    """Where components are compiled; no compiler is asked for where none is needed."""
    compiled = [(component, component.go) for component in components if component.go]
    if not compiled:
        return {}
    compiler = toolchain.find(catalogue, store)
    return {
        component.id: Workshop(component, go, compiler, store.go / "work" / component.id, jobs, stop)
        for component, go in compiled
    }


def _fetch_in_order(pool: ThreadPoolExecutor, workshops: Mapping[str, Workshop]) -> dict[str, "Future[None]"]:
    """One thread fetches the modules of all components, one after the other."""
    fetched: dict[str, Future[None]] = {name: Future() for name in workshops}

    def fetch() -> None:
        for name, workshop in workshops.items():
            try:
                workshop.fetch()
            except BaseException as error:
                fetched[name].set_exception(error)
            else:
                fetched[name].set_result(None)

    pool.submit(fetch)
    return fetched


def _make(bench: _Bench, component: Component, step: Step) -> None:
    """Make one component, and write down what came of it."""
    store = bench.store
    store.forget(component.name, component.version)
    with store.scratch() as scratch:
        made: dict[str, Path] = {}
        if component.go:
            bench.fetched[component.id].result()
            made = bench.workshops[component.id].compile(scratch, step.alive)
        if component.python:
            made["python"] = _packages(bench, component, component.python, scratch, step)
        images = [_image(bench, image, made, scratch) for image in component.images]
        files = [_file(store, file, made, scratch) for file in component.files]
    store.record(
        Record(
            component.name,
            component.version,
            bench.catalogue.recipe(component),
            _origin(bench, component),
            round(step.seconds, 1),
            tuple(files),
            tuple(images),
        )
    )
    step.done()


def _packages(bench: _Bench, component: Component, python: Python, scratch: Path, step: Step) -> Path:
    base = bench.layers[python.rootfs].result()
    try:
        return Assembly(python, bench.catalogue.platform, base, scratch, bench.stop, step.alive).make()
    except MirrorError as error:
        raise MirrorError(f"{component.name} {component.version}: not built: {error}") from error


def _origin(bench: _Bench, component: Component) -> str:
    if component.python:
        return f"wheels; {', '.join(component.python.packages)}"
    if component.go is None:
        return "Debian packages"
    modules = ", ".join(component.go.modules) or "source of the mirror"
    return f"{modules}; {bench.workshops[component.id].toolchain.version}"


def _image(bench: _Bench, image: Image, made: Mapping[str, Path], scratch: Path) -> StoredImage:
    layers = [bench.layers[image.rootfs].result()] if image.rootfs else []
    if image.contents:
        contents = {path: made[name] for path, name in image.contents.items()}
        layers.append(oci.layer(contents, scratch / "layer", bare=not layers))
    built = oci.image(bench.catalogue.platform, tuple(layers), image.entrypoint, image.command, image.user)
    return registry.push(bench.registry, image, built)


def _file(store: Store, file: File, made: Mapping[str, Path], scratch: Path) -> StoredFile:
    content = scratch / "file"
    if file.program:
        os.link(made[file.program], content)
    else:
        contents = {name: made[program] for name, program in (file.archive or {}).items()}
        oci.archive(contents, content)
    return store.publish(content, file)
