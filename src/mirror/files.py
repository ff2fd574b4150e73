# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server for files: GET and HEAD, whole files or one range, nothing outside its directory."""

import json
import os
import re
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from mirror.registry import Address

IDLE = 60  # seconds after which a connection on which nothing is asked is closed


class FileServer(ThreadingHTTPServer):
    """Serves the directory `root`. `healthy` answers for GET /healthz."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: Address, root: Path, healthy: Callable[[], bool]) -> None:
        self.root = root.resolve()
        self.healthy = healthy
        super().__init__((address.host, address.port), _Handler)

    @property
    def address(self) -> Address:
        return Address(str(self.server_address[0]), self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "kube-mirror"
    sys_version = ""
    timeout = IDLE
    server: FileServer

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/healthz":
            self._health()
        else:
            self._file()

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing: a hundred nodes ask for a thousand files."""

    def _health(self) -> None:
        healthy = self.server.healthy()
        body = json.dumps({"files": True, "registry": healthy}).encode()
        self._head(
            HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE, len(body), "application/json"
        )
        if self.command == "GET":
            self.wfile.write(body)

    def _file(self) -> None:
        path = self._path()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            try:
                first, last = _range(self.headers.get("Range"), size)
            except ValueError:
                self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._send(file, first, last, size)

    def _send(self, file: BinaryIO, first: int, last: int, size: int) -> None:
        part = {"Content-Range": f"bytes {first}-{last}/{size}"} if (first, last) != (0, size - 1) else {}
        status = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK
        changed = formatdate(os.fstat(file.fileno()).st_mtime, usegmt=True)
        headers = {"Accept-Ranges": "bytes", "Last-Modified": changed, **part}
        self._head(status, last + 1 - first, "application/octet-stream", headers)
        if self.command == "GET" and last >= first:
            self.wfile.flush()
            self.connection.sendfile(file, first, last + 1 - first)

    def _head(
        self, status: HTTPStatus, length: int, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(length), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def _path(self) -> Path | None:
        """The file that is asked for; None where there is none, or it is hidden or outside."""
        parts = unquote(urlsplit(self.path).path).split("/")
        if any(part.startswith(".") or "\0" in part for part in parts):
            return None
        path = self.server.root.joinpath(*filter(None, parts)).resolve()
        return path if path.is_relative_to(self.server.root) and path.is_file() else None


def _range(header: str | None, size: int) -> tuple[int, int]:
    """First and last byte that are asked for (RFC 9110, section 14). Raises ValueError where there are none.

    Several ranges, or a unit that is not bytes, are answered with everything, as the standard allows.
    """
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if asked is None or asked.groups() == ("", ""):
        return 0, size - 1
    first, last = asked.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if start > end:
        raise ValueError(header)
    return start, end
