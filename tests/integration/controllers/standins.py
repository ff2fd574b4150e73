# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for what runs on nodes, as far as it is asked whether it is well."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 as in the library
        """Says nothing."""


@contextmanager
def well(address: str, port: int, pki: Path | None = None) -> Iterator[None]:
    """Answers until the block ends; with ``pki`` as an API server of that cluster."""
    server = ThreadingHTTPServer((address, port), _Well)
    if pki:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
