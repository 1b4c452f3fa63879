"""Persisted spans a second beside MLflow and Phoenix, in one run, with the same bodies and connections.

    python benchmarks/peers.py                       installs both with uv into a temporary folder (minutes)
    python benchmarks/peers.py --spans 5120 --venvs FOLDER   keeps and reuses the environments

A span counts as persisted when it is a row of the peer's own SQLite file, and ours when it can be queried. Peers get
fewer spans, because they would take minutes; rates are compared.
"""

import argparse
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from itertools import islice
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from data import Generator, bodies
from ingest import SPANS_A_BODY, queue_bytes, send_all

from masthead.testing.server_process import ServerProcess

_START_S = 300.0
_PERSIST_S = 300.0


class Peer(NamedTuple):
    """How to install, start and send to another server."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    headers: Mapping[str, str]
    file: str


PEERS = (
    Peer(
        "MLflow",
        ("mlflow",),
        ("mlflow", "server", "--backend-store-uri", "sqlite:///{folder}/mlflow.db", "--port", "{port}"),
        {},
        {"x-mlflow-experiment-id": "0"},
        "mlflow.db",
    ),
    Peer(
        "Phoenix",
        ("arize-phoenix",),
        ("phoenix", "serve"),
        {"PHOENIX_PORT": "{port}", "PHOENIX_GRPC_PORT": "{other}", "PHOENIX_WORKING_DIR": "{folder}"},
        {},
        "phoenix.db",
    ),
)


def main() -> None:
    """Measure all three and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=10_240, help="for the peers")
    parser.add_argument("--own-spans", type=int, default=102_400)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--venvs", type=Path)
    options = parser.parse_args()
    made = list(islice(bodies(Generator(seed=1).runs(10**9)), max(options.spans, options.own_spans) // SPANS_A_BODY))
    few = made[: options.spans // SPANS_A_BODY]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours = measure_own(made[: options.own_spans // SPANS_A_BODY], folder, options.connections)
        print(f"Masthead {ours:,.0f} persisted spans/s", flush=True)
        for peer in PEERS:
            try:
                environment = installed(peer, options.venvs or folder)
                rate = measure(peer, environment, few, folder / peer.name, options.connections)
            except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
                print(f"{peer.name} could not be measured: {error}", flush=True)
                continue
            print(
                f"{peer.name} {rate:,.0f} persisted spans/s; Masthead is {ours / rate:,.0f} times as fast", flush=True
            )


def measure_own(sent: Sequence[bytes], folder: Path, connections: int) -> float:
    """Return our persisted spans a second."""
    with (folder / "masthead.log").open("w") as log:
        server = ServerProcess(folder / "masthead", log)
        time.sleep(7)
        started = time.perf_counter()
        send_all(server.address, iter(sent), connections, gzipped=False)
        while queue_bytes(server) > 0:
            time.sleep(0.02)
        took_s = time.perf_counter() - started
        server.stop()
    return len(sent) * SPANS_A_BODY / took_s


def installed(peer: Peer, where: Path) -> Path:
    """Return a virtual environment with the peer in it, made where it is missing."""
    environment = where / f"venv-{peer.name}"
    if not (environment / "bin" / peer.command[0]).exists():
        subprocess.run(["uv", "venv", "-q", str(environment)], check=True)
        subprocess.run(["uv", "pip", "install", "-q", "--python", str(environment), *peer.packages], check=True)
    return environment


def measure(peer: Peer, environment: Path, sent: Sequence[bytes], folder: Path, connections: int) -> float:
    """Return the peer's persisted spans a second."""
    folder.mkdir()
    words = {"folder": str(folder), "port": str(free_port()), "other": str(free_port())}
    executable = environment / "bin" / peer.command[0]
    settings = {key: value.format(**words) for key, value in peer.environment.items()}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [str(executable), *(word.format(**words) for word in peer.command[1:])],
            stdout=log, stderr=log, cwd=folder, env={**os.environ, **settings}, start_new_session=True,
        )  # fmt: skip
        try:
            address = f"127.0.0.1:{words['port']}"
            wait_until_up(address, server)
            started = time.perf_counter()
            send_all(address, iter(sent), connections, gzipped=False, more_headers=peer.headers)
            wanted = len(sent) * SPANS_A_BODY
            while rows_in(folder / peer.file) < wanted:
                if time.perf_counter() - started > _PERSIST_S:
                    raise RuntimeError(f"{rows_in(folder / peer.file)} of {wanted} spans after {_PERSIST_S:g} s")
                time.sleep(0.1)
            return wanted / (time.perf_counter() - started)
        finally:
            os.killpg(server.pid, 15)
            server.wait(30)


def rows_in(file: Path) -> int:
    """Return how many spans the peer's database holds."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM spans").fetchone()[0]
    return 0


def wait_until_up(address: str, server: "subprocess.Popen[bytes]") -> None:
    """Return once the server answers anything."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise RuntimeError(f"it ended with {server.returncode}")
        connection = HTTPConnection(address, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, HTTPException):
            time.sleep(0.5)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"it did not answer within {_START_S:g} s")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


if __name__ == "__main__":
    main()
