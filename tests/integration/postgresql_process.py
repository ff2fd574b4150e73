# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL as a process of the tests' own: nothing of the system's clusters is touched."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

_DEBIAN = Path("/usr/lib/postgresql")
PASSWORD = "not:a/secret@all"


class PostgreSQL:
    """A server on a socket of its own, in a directory that is removed with it."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="packetd-pg-"))
        # PostgreSQL refuses to be root; its package brings a user.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.directory, self._user)
        self._data = self.directory / "data"
        self._databases = 0

    def start(self) -> None:
        password = self.directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run(
            *("initdb", "--pgdata", str(self._data), "--username", "packetd", "--pwfile", str(password)),
            *("--auth", "scram-sha-256", "--no-sync", "--no-instructions"),
        )
        self._serve()

    def _serve(self) -> None:
        # Crashes of packetd are what is tested, not those of the machine, so nothing has to wait for a disk.
        options = f"-c listen_addresses='' -c unix_socket_directories={self.directory} -c fsync=off"
        self._run(
            *("pg_ctl", "start", "--wait", "--silent", "--pgdata", str(self._data), "--options", options),
            *("--log", str(self.directory / "log")),
        )

    def restart(self) -> None:
        """As after a crash: all connections are cut."""
        self._end()
        self._serve()

    def _end(self) -> None:
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode", "immediate", "--pgdata", str(self._data))

    def stop(self) -> None:
        self._end()
        shutil.rmtree(self.directory)

    def database(self) -> str:
        """Make a database; returns its URL, which has no password in it."""
        self._databases += 1
        name = f"packetd_{self._databases}"
        with self.connect(self._url("postgres")) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._url(name)

    def connect(self, url: str) -> psycopg.Connection:
        """A connection of the test's own to a database of this server."""
        return psycopg.connect(url.replace("+psycopg", ""), password=PASSWORD, autocommit=True)

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://packetd@/{name}?host={self.directory}"

    def _run(self, program: str, *arguments: str) -> None:
        found = shutil.which(program) or next(
            iter(sorted(_DEBIAN.glob(f"*/bin/{program}"), reverse=True)), None
        )
        assert found is not None, f"there is no {program}; make tools installs it"
        subprocess.run([found, *arguments], check=True, user=self._user, cwd="/", stdout=subprocess.DEVNULL)
