"""A temporary PostgreSQL server, and target-postgres."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.project import PLUGINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TARGET = PLUGINS / "loaders" / "target-postgres" / "venv" / "bin" / "target-postgres"
DEBIAN = Path("/usr/lib/postgresql")
USER = "postgres"
"""Runs the server if the tests run as root, which PostgreSQL refuses."""
PATIENCE = 60


class NotInstalledError(Exception):
    """This machine has no PostgreSQL."""


class Server:
    """A running PostgreSQL without passwords, on loopback.

    Attributes:
        port: TCP port.
        user: Superuser.
        database: Database of that user.
    """

    user = USER
    database = USER

    def __init__(self, binaries: Path, port: int) -> None:
        self._binaries = binaries
        self.port = port

    def query(self, sql: str, schema: str = "public") -> list[dict[str, Any]]:
        """Return the rows of a SELECT, its tables looked up in a database schema."""
        query = sql.strip().removesuffix(";")
        said = self._said(
            f"SELECT coalesce(json_agg(each_row), '[]') FROM ({query}) AS each_row", schema
        )
        return json.loads(said)  # type: ignore[no-any-return]

    def execute(self, sql: str, schema: str) -> None:
        """Run statements, their tables looked up in a database schema."""
        self._said(sql, schema)

    def forget(self, schema: str) -> None:
        """Drop a database schema, if there is one, with all that is in it."""
        self._said(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')

    def _said(self, sql: str, schema: str = "public") -> str:
        line = ["--no-psqlrc", "--no-align", "--tuples-only", "--username", USER, USER]
        done = self._run("psql", *line, "--command", sql, PGOPTIONS=f"-c search_path={schema}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _run(self, program: str, *line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        return _run([self._binaries / program, *address, *line], variables=variables)


class Target:
    """target-postgres on a database schema of its own.

    Attributes:
        state: Last STATE, for the next sync.
    """

    def __init__(self, server: Server, folder: Path, schema: str) -> None:
        self._server = server
        self._folder = folder
        self._schema = schema
        self.state: dict[str, Any] | None = None

    def load(
        self, messages: Iterable[dict[str, Any]], *, fails: bool = False, **settings: Any
    ) -> None:
        """Load a tap's messages.

        Args:
            messages: The tap's.
            fails: Whether the target is expected to fail.
            settings: Of the target.
        """
        config = self._folder / "target.json"
        options = {
            "host": "127.0.0.1",
            "port": self._server.port,
            "user": USER,
            "password": "none",
            "database": USER,
            "default_target_schema": self._schema,
            "activate_version": True,
            "hard_delete": True,
            **settings,
        }
        config.write_text(json.dumps(options))
        done = subprocess.run(
            [TARGET, "--config", config],
            input="".join(f"{json.dumps(message)}\n" for message in messages),
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stderr
        if lines := done.stdout.splitlines():
            self.state = json.loads(lines[-1])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return all rows of a table."""
        return self._server.query(f'SELECT * FROM "{self._schema}"."{table}"')


@contextmanager
def serving(binaries: Path) -> Iterator[Server]:
    """Run a new, empty server until the block ends.

    Args:
        binaries: The folder of its programs.
    """
    # The server's user cannot read pytest's folder.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        data = Path(folder, "data")
        if _unprivileged():
            shutil.chown(folder, USER, pwd.getpwnam(USER).pw_gid)
        made = _run(
            [binaries / "initdb", "--username", USER, "--auth", "trust", "--no-sync", data],
            **_unprivileged(),
        )
        assert made.returncode == 0, made.stdout
        (data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
        port = _free_port()
        parameters = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",
            "lc_messages": "C",
        }
        line: list[str | Path] = [binaries / "postgres", "-D", data]
        for name, value in parameters.items():
            line += ["-c", f"{name}={value}"]
        process: subprocess.Popen[str] = subprocess.Popen(
            line,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **_unprivileged(),
        )
        try:
            _read_until_ready(process)
            # A full pipe would block the server.
            threading.Thread(target=process.communicate, daemon=True).start()
            yield Server(binaries, port)
        finally:
            # Immediate shutdown, without a checkpoint: the data are not needed.
            process.send_signal(signal.SIGQUIT)
            process.wait(PATIENCE)


def provide() -> Path:
    """Return the folder of PostgreSQL's programs, which are installed first if need be.

    Raises:
        NotInstalledError: There are none, and they cannot be installed.
    """
    found = _binaries()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        for line in (["update"], ["install", "--yes", "--no-install-recommends", "postgresql"]):
            done = _run(["apt-get", *line], variables={"DEBIAN_FRONTEND": "noninteractive"})
            sys.stderr.write(done.stdout)
        found = _binaries()
    if not found:
        raise NotInstalledError(
            "PostgreSQL is needed and not installed: on Debian or Ubuntu, apt-get install"
            " postgresql; elsewhere, its server with initdb in the PATH"
        )
    return found


def _binaries() -> Path | None:
    versions = [each.parent for each in DEBIAN.glob("*/bin/initdb")]
    if versions:
        return max(versions, key=lambda folder: float(folder.parent.name))
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _read_until_ready(process: subprocess.Popen[str]) -> None:
    """Read the server's log up to the line that says that it accepts connections."""
    log = []
    for line in process.stdout or ():
        log.append(line)
        if "ready to accept connections" in line:
            return
    raise AssertionError("".join(log))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged() -> dict[str, Any]:
    """Process arguments that drop root privileges."""
    if os.geteuid() != 0:
        return {}
    return {"user": USER, "group": pwd.getpwnam(USER).pw_gid, "extra_groups": []}


def _environment(**more: str) -> dict[str, str]:
    """Environment variables without those that configure PostgreSQL or the target."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "TARGET_"))}
    return {**kept, **more}


def _run(
    line: Iterable[str | Path],
    *,
    user: str | None = None,
    group: int | None = None,
    extra_groups: list[str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(line),
        cwd="/",
        env=_environment(**(variables or {})),
        user=user,
        group=group,
        extra_groups=extra_groups,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
