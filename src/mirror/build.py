# SPDX-License-Identifier: GPL-3.0-or-later
"""`kube-mirror build`: everything a cluster pulls, compiled from published Go modules."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from mirror import oci, registry, rootfs, toolchain
from mirror.catalogue import Catalogue, Component, File, Image
from mirror.compile import Workshop
from mirror.errors import need
from mirror.oci import Layer
from mirror.progress import Step
from mirror.registry import Registry
from mirror.store import Record, Store, StoredFile, StoredImage
from mirror.toolchain import Toolchain


def build(catalogue: Catalogue, store: Store, releases: tuple[str, ...], jobs: int) -> int:
    """Make what is missing of these Kubernetes versions, with `jobs` compilers at once.

    Gives how many components were made. What was complete when a run ended stays; the next goes on behind it.
    Raises MirrorError for the first component that cannot be made, OSError where the disk is full.
    """
    with store.filling(catalogue, catalogue.select(releases)) as missing:
        if missing:
            _check_programs(missing)
            compiler = toolchain.find(catalogue, store)
            with _bench(catalogue, store, compiler, missing, jobs) as bench:
                for number, component in enumerate(missing, 1):
                    _make(bench, component, Step(number, len(missing), _title(component)))
    return len(missing)


def _check_programs(components: list[Component]) -> None:
    """Better now than after half an hour."""
    layered = any(image.rootfs for component in components for image in component.images)
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
    compiler: Toolchain
    registry: Registry
    workshops: Mapping[str, Workshop]
    fetched: Mapping[str, "Future[None]"]
    layers: Mapping[str, "Future[Layer]"]


@contextmanager
def _bench(
    catalogue: Catalogue, store: Store, compiler: Toolchain, components: list[Component], jobs: int
) -> Iterator[_Bench]:
    stop = Event()
    names = dict.fromkeys(
        image.rootfs for component in components for image in component.images if image.rootfs
    )
    workshops = {
        component.id: Workshop(
            component, component.go, compiler, store.go / "work" / component.id, jobs, stop
        )
        for component in components
        if component.go
    }
    with registry.running(store, registry.LOOPBACK, readonly=False) as pushed, ThreadPoolExecutor(2) as pool:
        try:
            modules = _fetch_in_order(pool, workshops)
            layers = {name: pool.submit(rootfs.layer, name, catalogue.rootfs[name], store) for name in names}
            yield _Bench(catalogue, store, compiler, pushed, workshops, modules, layers)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


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
        programs: dict[str, Path] = {}
        if component.go:
            bench.fetched[component.id].result()
            programs = bench.workshops[component.id].compile(scratch, step.alive)
        images = [_image(bench, image, programs, scratch) for image in component.images]
        files = [_file(store, file, programs, scratch) for file in component.files]
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


def _origin(bench: _Bench, component: Component) -> str:
    if component.go is None:
        return "Debian packages"
    modules = ", ".join(component.go.modules) or "source of the mirror"
    return f"{modules}; {bench.compiler.version}"


def _image(bench: _Bench, image: Image, programs: Mapping[str, Path], scratch: Path) -> StoredImage:
    layers = [bench.layers[image.rootfs].result()] if image.rootfs else []
    if image.contents:
        contents = {path: programs[program] for path, program in image.contents.items()}
        layers.append(oci.layer(contents, scratch / "layer", bare=not layers))
    built = oci.image(bench.catalogue.platform, tuple(layers), image.entrypoint, image.command, image.user)
    return registry.push(bench.registry, image, built)


def _file(store: Store, file: File, programs: Mapping[str, Path], scratch: Path) -> StoredFile:
    content = scratch / "file"
    if file.program:
        os.link(programs[file.program], content)
    else:
        contents = {name: programs[program] for name, program in (file.archive or {}).items()}
        oci.archive(contents, content)
    return store.publish(content, file)
