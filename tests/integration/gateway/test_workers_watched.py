"""`masthead gateway --workers 2` beside a server: seen as one gateway, by people and Prometheus, through a kill."""

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from masthead.testing.gateway import wait_until
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply
from masthead.testing.server_process import ServerProcess

pytestmark = pytest.mark.integration
MASTHEAD = (sys.executable, "-c", "from masthead.cli.entry import main; main()")
ANSWERED = 'masthead_gateway_requests_total{endpoint="chat",connection="up",status="200"}'
CALLS = 12


class Workers:
    """A gateway of two workers; every request comes over a connection of its own, so that either may get it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self._port = port

    def pids(self) -> list[int]:
        return [one.pid for one in psutil.Process(self.process.pid).children() if one.status() != "zombie"]

    def request(self, method: str, path: str, body: object = None) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def lives(self) -> bool:
        try:
            return '"ok"' in self.request("GET", "/health")
        except (OSError, http.client.HTTPException):
            return False

    def answered(self) -> float | None:
        """Return how many calls were answered, as whichever worker is met says."""
        try:
            text = self.request("GET", "/metrics")
        except (OSError, http.client.HTTPException):
            return None
        return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(ANSWERED)), 0.0)

    def all_say(self, count: int) -> bool:
        """Say whether each of several connections is told the same, whoever gets it."""
        return all(self.answered() == count for _ in range(8))


@contextmanager
def two_workers(folder: Path) -> Generator[Workers]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [*MASTHEAD, "--data-dir", str(folder), "gateway", "--port", str(port), "--workers", "2"]
    with (folder / "gateway.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    workers = Workers(process, port)
    try:
        wait_until(workers.lives, "the gateway runs")
        wait_until(lambda: len(workers.pids()) == 2, "both workers run")
        yield workers
    finally:
        process.terminate()
        process.wait(40)


def _traffic(server: ServerProcess) -> dict[str, Any]:
    return json.loads(server.get("/api/v1/gateway/traffic"))


def masthead(folder: Path, *words: str) -> str:
    command = [*MASTHEAD, "--data-dir", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _usage(folder: Path) -> dict[str, Any]:
    return json.loads(masthead(folder, "usage", "--json"))


def _told(server: ServerProcess) -> set[str]:
    return {process["name"] for process in _traffic(server)["processes"]}


def test_workers_are_seen_as_one_gateway_through_a_kill(tmp_path: Path) -> None:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        text = f'[connections.up]\nbase_url = "{model.url}"\nallow_networks = ["loopback"]\n'
        (tmp_path / "gateway.toml").write_text(text)
        with (tmp_path / "server.log").open("w") as log:
            server = ServerProcess(tmp_path, log)
        try:
            with two_workers(tmp_path) as workers:
                body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
                for _ in range(CALLS):
                    assert "Hello." in workers.request("POST", "/v1/chat/completions", body)
                wait_until(lambda: len(_traffic(server)["latest"]) == CALLS, "the server sees all calls")
                wait_until(lambda: _told(server) == {"server", "worker 0", "worker 1"}, "both workers are told of")
                (target,) = json.loads(server.get("/api/v1/gateway/targets"))["items"]
                assert (target["connection"], target["calls"], target["state"]) == ("up", CALLS, "closed")
                assert json.loads(server.get("/api/v1/gateway/records"))["alerts"] == []
                wait_until(lambda: workers.all_say(CALLS), "each worker answers for both")
                wait_until(lambda: _usage(tmp_path)["total"] is not None, "use is known")
                wait_until(lambda: _usage(tmp_path)["total"]["calls"] == CALLS, "all of it is stored")
                shown = masthead(tmp_path, "usage", "--by", "connection")
                assert shown.split("\n")[1].split()[:4] == ["up", str(CALLS), "0", "0"], shown

                killed = psutil.Process(workers.pids()[0])
                killed.kill()
                wait_until(lambda: bool(_traffic(server)["ignored"]), "the dead one is named")
                assert f"process {killed.pid} " in _traffic(server)["ignored"][0]["why"]
                wait_until(lambda: len(workers.pids()) == 2, "another one takes its place")
                wait_until(lambda: _told(server) == {"server", "worker 0", "worker 1"}, "it is told of")
                wait_until(lambda: workers.all_say(CALLS), "nothing that was counted is forgotten")
            wait_until(lambda: _told(server) == {"server"}, "those that ended have taken their files away")
            assert _traffic(server)["ignored"] == []
        finally:
            server.stop()
