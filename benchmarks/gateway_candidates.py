"""Who is measured by the gateway's benchmarks: the static upstream, `masthead gateway` in front of it, and the load."""

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from gateway_load import Spec
from gateway_peers import answers

import masthead

HERE = Path(__file__).parent
_START_S = 60.0
_ALL = ("-c", "from masthead.cli.main import main; main()")
_ALONE = ("-c", "from masthead.cli.entry import main; main()")
_OURS = os.pathsep.join((str(Path(masthead.__file__).parents[1]), sysconfig.get_path("purelib")))
"""Masthead and what it needs, for another Python of the same version."""
_PATH = "/v1/chat/completions"


class Candidate(NamedTuple):
    """Somebody to measure: where it listens, how it is asked, and its process where it is known."""

    name: str
    port: int
    path: str
    headers: Mapping[str, str]
    model: str
    process: psutil.Process | None
    start_s: float


def loaded(candidate: Candidate, **kind: Any) -> tuple[dict[str, Any], float | None]:
    """Put load on a candidate; return what was seen, and its processor time a request in µs."""
    spec = Spec(candidate.port, candidate.path, dict(candidate.headers), candidate.model, **kind)
    before = cpu_s(candidate)
    command = [sys.executable, str(HERE / "gateway_load.py"), json.dumps(spec._asdict())]
    load = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=spec.seconds + 60).stdout)
    after = cpu_s(candidate)
    cpu = None if before is None or after is None else (after - before) / max(1, load["requests"]) * 1e6
    return load, cpu


def cpu_s(candidate: Candidate) -> float | None:
    """Return the processor time of a candidate and its children."""
    if candidate.process is None:
        return None
    return sum(one.cpu_times().user + one.cpu_times().system for one in family(candidate))


def resident_mb(candidate: Candidate) -> float:
    """Return the resident memory of a candidate and its children."""
    return sum(one.memory_info().rss for one in family(candidate)) / 1e6


def family(candidate: Candidate) -> Sequence[psutil.Process]:
    """Return a candidate's process and its children."""
    return [] if candidate.process is None else [candidate.process, *candidate.process.children(recursive=True)]


def metrics(candidate: Candidate) -> dict[str, float]:
    """Return our own gateway's metrics, by name with labels."""
    connection = HTTPConnection("127.0.0.1", candidate.port, timeout=10)
    connection.request("GET", "/metrics", headers=dict(candidate.headers))
    text = connection.getresponse().read().decode()
    connection.close()
    named = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in named}


def loop_lag(candidate: Candidate) -> tuple[int, float]:
    """Return how often the gateway's loop came over 50 ms late, and by how many ms at most within the last minutes."""
    found, name = metrics(candidate), "masthead_gateway_loop_lag"
    late = found[f"{name}_seconds_count"] - found[f'{name}_seconds_bucket{{le="0.05"}}']
    return int(late), found[f"{name}_longest_seconds"] * 1e3


@contextmanager
def upstream(*arguments: str) -> Generator[int]:
    """Run the static upstream: answers of 1 kB, streams of 200 chunks."""
    port = free_port()
    command = [sys.executable, str(HERE / "gateway_upstream.py"), str(port), "1100", "200", *arguments]
    process = subprocess.Popen(command)
    try:
        _wait(lambda: answers(port, _PATH, {}, "static-1"), process)
        yield port
    finally:
        process.kill()
        process.wait()


@contextmanager
def gateway(
    folder: Path,
    upstream_port: int,
    *,
    workers: int = 1,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Generator[Candidate]:
    """Run `masthead gateway` in front of it, a key demanded and recording on; another Python uses our packages."""
    (folder / "gateway.toml").write_text(
        f'[connections.static]\nbase_url = "http://127.0.0.1:{upstream_port}/v1"\nallow_networks = ["loopback"]\n'
    )
    headers = {"authorization": f"Bearer {new_key(folder, 'benchmark')}"}
    port = free_port()
    started = time.monotonic()
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [python, *_ALONE, "--data-dir", str(folder), "gateway", "--port", str(port),
             "--workers", str(workers)],
            env=os.environ | {"MASTHEAD_REQUIRE_KEYS": "true", "MASTHEAD_LOG_LEVEL": "error"} | dict(environment or {})
            | ({} if python == sys.executable else {"PYTHONPATH": _OURS}),
            stdout=log, stderr=log,
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - one thread
        )  # fmt: skip
    try:
        _wait(lambda: answers(port, _PATH, headers, "static-1"), process)
        start_s = time.monotonic() - started
        yield Candidate("Masthead", port, _PATH, headers, "static-1", psutil.Process(process.pid), start_s)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            print("the gateway does not end within a minute of SIGTERM; it is killed", flush=True)
            process.kill()
            process.wait()


def new_key(folder: Path, name: str) -> str:
    """Return a new key that may call models."""
    made = subprocess.run(
        [sys.executable, *_ALL, "--data-dir", str(folder), "key", "create", "--role", "editor", "--name", name],
        check=True, stdout=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip
    return next(word for word in made.stdout.split() if word.startswith("mh_"))


def _wait(holds: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START_S
    while not holds():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args} does not serve (exit code {process.returncode})")
        time.sleep(0.01)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
