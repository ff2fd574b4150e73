# SPDX-License-Identifier: GPL-3.0-or-later
"""`kube-mirror serve`: files over HTTP and images from a registry, until somebody ends it."""

import threading

from mirror import registry
from mirror.errors import MirrorError
from mirror.files import FileServer
from mirror.progress import say
from mirror.registry import Address
from mirror.store import Store


def serve(store: Store, listen: Address, images: Address) -> None:
    """Serve in the foreground. Says the URLs once both answer; ends with KeyboardInterrupt or SystemExit.

    Raises MirrorError where the store is empty, a port is taken, or the registry ends by itself.
    """
    if not store.files.is_dir() or not store.all_records():
        raise MirrorError(f"{store.root} holds nothing: run `kube-mirror build` or `kube-mirror sync` first")
    with registry.running(store, images, readonly=True) as running:
        try:
            files = FileServer(listen.free(), store.files, running.healthy)
        except OSError as error:
            raise MirrorError(f"cannot listen on {listen}: {error.strerror}") from error
        with files:
            threading.Thread(target=files.serve_forever, daemon=True).start()
            say(f"files at http://{files.address}, images at {running.url}")
            try:
                _watch(running)
            finally:
                files.shutdown()


def _watch(running: registry.Registry) -> None:
    code = running.process.wait()
    raise MirrorError(f"docker-registry ended by itself, with code {code}")
