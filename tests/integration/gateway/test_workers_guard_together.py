"""`masthead gateway --workers 2` as people run it: an agent whose calls meet both workers is guarded as by one."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from masthead.testing.gateway import wait_until
from masthead.testing.redis import private_redis
from masthead.testing.scripted_model import ScriptedCall, ScriptedModel, ScriptedReply, ScriptedRequest

pytestmark = pytest.mark.integration
MASTHEAD = (sys.executable, "-c", "from masthead.cli.entry import main; main()")
OPENING = [
    {"role": "system", "content": "You are the refund agent."},
    {"role": "user", "content": "Refund order 5555."},
]
GUARDS = '[guards]\non_finding = "stop"\n'
Message = Mapping[str, Any]
FAILURE = "Error: no order 5555"


class Family:
    """A gateway of two workers, and a connection to each of them."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port
        self.connections: dict[int, http.client.HTTPConnection] = {}
        self._made: list[http.client.HTTPConnection] = []

    def workers(self) -> list[int]:
        """Return the workers' process ids, in the order of their numbers."""
        return sorted(one.pid for one in psutil.Process(self.process.pid).children() if one.status() != "zombie")

    def meet(self) -> None:
        """Connect until there is a connection to each worker."""
        wait_until(lambda: len(self.workers()) == 2, "both workers run")
        self.connections = {pid: one for pid, one in self.connections.items() if pid in self.workers()}

        def is_met() -> bool:
            made = [http.client.HTTPConnection("127.0.0.1", self.port, timeout=30) for _ in range(4)]
            self._made += made
            try:
                for one in made:  # at once: a worker that is quicker than the other takes all that come one by one
                    one.request("GET", "/health")
                for one in made:
                    one.getresponse().read()
            except (OSError, http.client.HTTPException):
                return False
            for one in made:
                self.connections.setdefault(self._behind(one.sock.getsockname()[1]), one)
            return len(self.connections) == 2

        wait_until(is_met, "both workers were met")

    def _behind(self, port: int) -> int:
        for pid in self.workers():
            if any(one.raddr and one.raddr.port == port for one in psutil.Process(pid).net_connections("tcp")):
                return pid
        raise AssertionError(f"no worker has the connection from port {port}")

    def close(self) -> None:
        """Close every connection."""
        for one in self._made:
            one.close()

    def ask(self, worker: int, messages: Sequence[Message], **headers: str) -> tuple[int, dict[str, Any], str]:
        """Make a call over the connection to a worker; return status, body and run."""
        connection = self.connections[self.workers()[worker]]
        body = json.dumps({"model": "m", "messages": messages})
        connection.request("POST", "/v1/chat/completions", body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read()), response.headers["x-masthead-run"]


@contextmanager
def family(folder: Path, model: ScriptedModel, more: str = GUARDS, **environment: str) -> Generator[Family]:
    (folder / "gateway.toml").write_text(
        f'[connections.up]\nbase_url = "{model.url}"\nallow_networks = ["loopback"]\n{more}'
    )
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [*MASTHEAD, "--data-dir", str(folder), "gateway", "--port", str(port), "--workers", "2"]
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
    made = Family(process, port)
    try:
        made.meet()
        yield made
    finally:
        made.close()
        process.terminate()
        process.wait(40)


def refunding(request: ScriptedRequest) -> ScriptedReply:
    return ScriptedReply(calls=(ScriptedCall(name="refund", arguments='{"order_id":5555}', id=f"c{request.number}"),))


def going_on(history: Sequence[Message], answer: Mapping[str, Any]) -> list[Message]:
    message = answer["choices"][0]["message"]
    return [*history, message, {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": FAILURE}]


def test_an_agent_whose_calls_alternate_over_workers_is_stopped_at_the_third_identical_failure(tmp_path: Path) -> None:
    with ScriptedModel(refunding) as model, family(tmp_path, model) as gateway:
        history: list[Message] = list(OPENING)
        statuses, runs = list[int](), set[str]()
        for number in range(12):
            status, answer, run = gateway.ask(number % 2, history)
            statuses.append(status)
            runs.add(run)
            if status != 200:
                assert "refund failed 3 times" in answer["error"]["message"]
                break
            history = going_on(history, answer)
    assert (statuses, len(runs)) == ([200, 200, 200, 422], 1)
    assert "does not answer" not in (tmp_path / "gateway.log").read_text()


def test_a_budget_of_a_run_is_exact_over_workers(tmp_path: Path) -> None:
    with (
        ScriptedModel(lambda _request: ScriptedReply(text="Done.")) as model,
        family(tmp_path, model, "[guards.run]\ncalls = 7\n") as gateway,
    ):
        said = {"x-masthead-run": "ab" * 16}
        statuses = [gateway.ask(number % 2, OPENING, **said)[0] for number in range(10)]
    assert statuses == [200] * 7 + [429] * 3
    assert len(model.requests) == 7


@pytest.mark.parametrize("killed", [0, 1])
def test_a_worker_that_is_killed_and_begun_anew_takes_up_its_runs(tmp_path: Path, killed: int) -> None:
    with ScriptedModel(refunding) as model, family(tmp_path, model) as gateway:
        history: list[Message] = list(OPENING)
        for number in range(3):
            status, answer, _ = gateway.ask(number % 2, history)
            assert status == 200
            history = going_on(history, answer)
        kept = [tmp_path / "gateway" / f"runs-{worker}.jsonl" for worker in (0, 1)]
        wait_until(
            lambda: any(b'"c2"' in file.read_bytes() for file in kept if file.exists()), "the run is written down"
        )
        os.kill(gateway.workers()[killed], signal.SIGKILL)
        wait_until(lambda: len(gateway.workers()) < 2, "it is gone")
        gateway.meet()
        stopped = [gateway.ask(number, history)[0] for number in (0, 1)]
    assert stopped == [422, 422]


def test_a_hundred_callers_racing_one_budget_over_two_workers_never_pass_it(tmp_path: Path) -> None:
    more = '[[limits]]\nper = "project"\nwindow = "total"\nrequests = 40\n'
    with (
        private_redis() as redis,
        ScriptedModel(lambda _request: ScriptedReply(text="Done.")) as model,
        family(tmp_path, model, more, MASTHEAD_REDIS_URL=redis.url) as gateway,
        ThreadPoolExecutor(25) as pool,
    ):
        url = f"http://127.0.0.1:{gateway.port}/v1/chat/completions"

        def ask(number: int) -> int:
            body = {"model": "m", "messages": [{"role": "user", "content": f"question {number}"}]}
            return httpx.post(url, json=body, timeout=60).status_code

        statuses = list(pool.map(ask, range(100)))
    assert (statuses.count(200), statuses.count(429)) == (40, 60)
    assert len(model.requests) == 40
