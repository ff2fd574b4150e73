# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's commands for tests: programs that keep their state in a folder, first in the path."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from unittest import mock

# Units as files: what is in <unit>.enabled and <unit>.since is what systemctl tells.
SYSTEMCTL = """
import datetime, pathlib, sys
home = pathlib.Path(__file__).parent.parent / "units"
home.mkdir(exist_ok=True)
words = [word for word in sys.argv[1:] if not word.startswith("-")]
verb, units = words[0], words[1:]
if verb not in ("show", "is-active"):
    (home / "log").open("a").write(" ".join(words) + "\\n")
def stamp():
    return datetime.datetime.now(datetime.UTC).strftime("%a %Y-%m-%d %H:%M:%S.%f UTC")
for number, unit in enumerate(units):
    enabled, since, stale = (home / f"{unit}.{what}" for what in ("enabled", "since", "stale"))
    if verb == "show":
        began = since.read_text() if since.exists() else ""
        if number: print()
        print(f"Id={unit}", f"ActiveState={'active' if began else 'inactive'}", sep="\\n")
        print(f"UnitFileState={'enabled' if enabled.exists() else 'disabled'}")
        print(f"NeedDaemonReload={'yes' if stale.exists() else 'no'}")
        print(f"ExecMainStartTimestamp={began}", f"InactiveExitTimestamp={began}", sep="\\n")
    elif verb == "is-active": sys.exit(0 if since.exists() else 3)
    elif verb == "enable": enabled.touch()
    elif verb == "disable": enabled.unlink(missing_ok=True)
    elif verb == "stop": since.unlink(missing_ok=True)
    elif verb == "restart": since.write_text(stamp())
if verb == "daemon-reload":
    for stale in home.glob("*.stale"): stale.unlink()
"""

# The host of a test may run a cluster itself: its packet filter is nobody's business.
SILENT = ("iptables-save", "ip6tables-save")
FAILING = ("nft",)


@contextmanager
def commands(folder: Path, **programs: str) -> Iterator[Path]:
    """Puts programs, given as Python text, and those above first in the path; gives the folder of units."""
    here = folder / "bin"
    here.mkdir(parents=True, exist_ok=True)
    texts = {"systemctl": SYSTEMCTL, **programs}
    texts |= dict.fromkeys(SILENT, "") | dict.fromkeys(FAILING, "raise SystemExit(1)")
    for name, text in texts.items():
        program = here / name
        program.write_text(f"#!{sys.executable} -S\n{text}")
        program.chmod(0o755)
    with mock.patch.dict(os.environ, {"PATH": f"{here}:{os.environ['PATH']}"}):
        yield folder / "units"


class Silent(SimpleHTTPRequestHandler):
    """Serves files without a word; answers 503 as often as `busy` says first."""

    busy = 0

    def do_GET(self) -> None:
        if type(self).busy > 0:
            type(self).busy -= 1
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def served(folder: Path, busy: int = 0) -> Iterator[str]:
    """Serves a folder on a free port of the loopback; gives its URL."""
    handler = type("Handler", (Silent,), {"busy": busy})
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *arguments: handler(*arguments, directory=str(folder))
    ) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
