"""kill -9 under load, and a server of records that is down: what was counted as recorded is there in the end.

What is promised: a call counts as recorded (`masthead_gateway_recorded_total`) once it is on disk (`fdatasync`), which
is a tenth of a second or so after its answer; from then on no kill loses it. The answer itself does not wait for that.
"""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import zstandard

from masthead.testing.gateway import wait_until
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply

pytestmark = pytest.mark.integration
MASTHEAD = (sys.executable, "-c", "from masthead.cli.entry import main; main()")
WINDOW_S = 2.0
"""Far more than the tenth of a second within which calls are written: a busy machine is no failure."""


class Records:
    """A server that takes records, or is down, and notes which runs it was told of."""

    def __init__(self) -> None:
        self.is_down = True
        self.refused = 0
        self.runs: list[str] = []
        records = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if records.is_down:
                    records.refused += 1
                else:
                    records.runs += _runs(zstandard.ZstdDecompressor().decompressobj().decompress(body))
                self.send_response(503 if records.is_down else 200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


def _runs(body: bytes) -> list[str]:
    scopes = [scope for one in json.loads(body)["resourceSpans"] for scope in one["scopeSpans"]]
    return [span["traceId"] for scope in scopes for span in scope["spans"]]


@pytest.fixture
def records() -> Iterator[Records]:
    made = Records()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@contextmanager
def gateway(folder: Path, records: Records, model: ScriptedModel) -> Generator[tuple[subprocess.Popen[bytes], str]]:
    text = f'[connections.up]\nbase_url = "{model.url}"\nallow_networks = ["loopback"]\n'
    (folder / "gateway.toml").write_text(text)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [*MASTHEAD, "--data-dir", str(folder), "gateway", "--port", str(port)]
    with (folder / "gateway.log").open("ab") as log:
        environment = os.environ | {"MASTHEAD_GATEWAY_RECORDS_TO": records.url}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _lives(url), "the gateway lives")
        yield process, url
    finally:
        process.terminate()
        process.wait(40)


def _lives(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def metric(url: str, name: str) -> int:
    lines = httpx.get(f"{url}/metrics", timeout=10).text.splitlines()
    return int(next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0.0))


class Load:
    """Calls without end from several threads, each in a run of its own, until the gateway is gone."""

    def __init__(self, url: str, threads: int = 4) -> None:
        self.answered: dict[str, float] = {}
        self._url = url
        self._numbers = itertools.count(1)
        self._threads = [threading.Thread(target=self._go_on) for _ in range(threads)]
        for one in self._threads:
            one.start()

    def _go_on(self) -> None:
        with httpx.Client(timeout=10) as client, suppress(httpx.TransportError):
            while True:
                run = f"{next(self._numbers):032x}"
                body = {"model": "m", "messages": [{"role": "user", "content": f"call {run}"}]}
                answer = client.post(f"{self._url}/v1/chat/completions", json=body, headers={"x-masthead-run": run})
                if answer.status_code == 200:
                    self.answered[run] = time.monotonic()

    def end(self) -> None:
        for one in self._threads:
            one.join()


def test_a_kill_under_load_loses_no_call_that_was_counted_as_recorded(tmp_path: Path, records: Records) -> None:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        with gateway(tmp_path, records, model) as (process, url):
            load = Load(url)
            wait_until(lambda: metric(url, "masthead_gateway_recorded_total") >= 200, "there is a load")
            recorded = metric(url, "masthead_gateway_recorded_total")
            killed_s = time.monotonic()
            process.send_signal(signal.SIGKILL)
            load.end()
        assert records.refused > 0  # the server of records was down all the while
        records.is_down = False
        with gateway(tmp_path, records, model) as (_, url):
            wait_until(lambda: metric(url, "masthead_gateway_spool_bodies") == 0, "all is shipped")
            assert metric(url, "masthead_gateway_spool_set_aside_total") == 0
    told = set(records.runs)
    assert len(told) >= recorded
    assert all(int(run, 16) < 10**6 for run in told)  # none but those that were made
    missing = {run: killed_s - at for run, at in load.answered.items() if run not in told}
    assert all(before_s < WINDOW_S for before_s in missing.values()), missing
    print(f"{len(load.answered)} answered, {len(told)} recorded, {len(missing)} of the last moment missing")


def test_an_orderly_end_loses_nothing_though_the_server_of_records_is_down(tmp_path: Path, records: Records) -> None:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        with gateway(tmp_path, records, model) as (process, url):
            load = Load(url)
            wait_until(lambda: len(load.answered) >= 100, "there is a load")
            process.terminate()
            process.wait(40)
            load.end()
        records.is_down = False
        with gateway(tmp_path, records, model) as (_, url):
            wait_until(lambda: metric(url, "masthead_gateway_spool_bodies") == 0, "all is shipped")
            assert metric(url, "masthead_gateway_records_lost_total") == 0
    assert set(load.answered) <= set(records.runs)
    assert len(records.runs) == len(set(records.runs))
