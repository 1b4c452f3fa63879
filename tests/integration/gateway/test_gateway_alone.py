"""`masthead gateway` as people run it: a process of its own, keys, the spool, a server that comes later, kill -9."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import cast

import httpx
import psutil
import pytest

from masthead.store.wal import Wal
from masthead.testing.gateway import wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply
from masthead.testing.server_process import ServerProcess

pytestmark = pytest.mark.integration
MASTHEAD = (sys.executable, "-c", "from masthead.cli.entry import main; main()")
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


class Process:
    """A running gateway."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    def ask(self, key: str = "", **headers: str) -> int:
        sent = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.post(f"{self.url}/v1/chat/completions", json=CHAT, headers=sent | headers, timeout=30).status_code

    def metric(self, name: str) -> float:
        text = httpx.get(f"{self.url}/metrics", timeout=10).text
        return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name} ")), 0.0)


@contextmanager
def running(folder: Path, *more: str, data: Path | None = None, **environment: str) -> Generator[Process]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [*MASTHEAD, "--data-dir", str(data or folder), "gateway", "--port", str(port), *more]
    with (folder / "gateway.log").open("ab") as log:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _lives(process, url), (folder / "gateway.log").read_text()[-300:])
        yield Process(process, url)
    finally:
        process.terminate()
        process.wait(40)


def _lives(process: subprocess.Popen[bytes], url: str) -> bool:
    assert process.poll() is None
    try:
        return httpx.get(f"{url}/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def configure(folder: Path, model: ScriptedModel) -> None:
    text = f'[connections.up]\nbase_url = "{model.url}"\nallow_networks = ["loopback"]\n'
    (folder / "gateway.toml").write_text(text)


def test_records_wait_on_disk_through_a_kill_until_a_server_runs(tmp_path: Path) -> None:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        configure(tmp_path, model)
        with running(tmp_path) as gateway:
            assert [gateway.ask(**{"x-masthead-run": f"run-{number}"}) for number in range(8)] == [200] * 8
            wait_until(lambda: gateway.metric("masthead_gateway_recorded_total") == 8, "all are spooled")
            gateway.process.kill()
            gateway.process.wait()
        with (tmp_path / "server.log").open("w") as log:
            server = ServerProcess(tmp_path, log)
            try:
                with running(tmp_path) as gateway:
                    wait_until(lambda: gateway.metric("masthead_gateway_spool_shipped_total") > 0, "it is shipped")
                    wait_until(lambda: len(_runs(server)) == 8, "the runs can be read")
                    assert gateway.metric("masthead_gateway_records_lost_total") == 0
            finally:
                server.stop()
    assert {run["outcome"] for run in _kept} == {None}


_kept: list[dict[str, object]] = []


def _runs(server: ServerProcess) -> list[dict[str, object]]:
    _kept[:] = json.loads(server.get("/api/v1/runs"))["items"]
    return _kept


def test_keys_are_demanded_and_a_revoked_one_stops_within_seconds(tmp_path: Path) -> None:
    def masthead(*words: str) -> str:
        command = [*MASTHEAD, "--data-dir", str(tmp_path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    created = masthead("key", "create", "--role", "editor", "--name", "bot", "--json")
    made = json.loads(created)
    secret, key_id = _secret_and_id(made)
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        configure(tmp_path, model)
        with running(tmp_path, MASTHEAD_REQUIRE_KEYS="true") as gateway:
            assert gateway.ask() == 401
            assert gateway.ask("mh_wrong") == 401
            assert gateway.ask(secret) == 200
            assert httpx.get(f"{gateway.url}/metrics").status_code == 401
            masthead("key", "revoke", key_id)
            time.sleep(2.2)
            assert gateway.ask(secret) == 401
    assert len(model.requests) == 1


def test_a_folder_that_is_not_there_is_made_and_a_missing_key_stops_no_start(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text('[connections.up]\nsecret = "env:NO_SUCH_VARIABLE"\n')
    data = tmp_path / "new" / "data"
    with running(tmp_path, data=data, MASTHEAD_GATEWAY_FILE=str(tmp_path / "gateway.toml")) as gateway:
        assert gateway.ask() == 502
    said = (tmp_path / "gateway.log").read_text()
    assert "NO_SUCH_VARIABLE" in said and "is up at" in said
    assert data.stat().st_mode & 0o777 == 0o700


def test_who_begins_with_nothing_is_told_where_to_name_a_connection(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        refused = httpx.post(f"{gateway.url}/v1/chat/completions", json=CHAT, timeout=30)
        assert refused.status_code == 404 and "no connection is set up yet" in refused.text
    said = (tmp_path / "gateway.log").read_text()
    assert f"no connection yet: write {tmp_path / 'gateway.toml'}" in said and "[connections.openai]" in said


def test_a_gateway_that_cannot_open_its_data_does_not_say_that_it_is_up(tmp_path: Path) -> None:
    (tmp_path / "control.sqlite").mkdir()
    command = [*MASTHEAD, "--data-dir", str(tmp_path), "gateway", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "is up at" not in done.stdout


def _secret_and_id(made: dict[str, object]) -> tuple[str, str]:
    key = made.get("key")
    return str(made["secret"]), str(cast("dict[str, object]", key if isinstance(key, dict) else made)["id"])


def test_what_a_worker_tells_of_itself_holds_no_end_user_that_the_project_redacts(tmp_path: Path) -> None:
    words = ["--data-dir", str(tmp_path), "project", "set", "default", "--redact", "email"]
    subprocess.run([*MASTHEAD, *words], check=True, capture_output=True)
    status = tmp_path / "gateway" / "status-0.json"
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        configure(tmp_path, model)
        with running(tmp_path) as gateway:
            asked = CHAT | {"user": "anna@example.com"}
            assert httpx.post(f"{gateway.url}/v1/chat/completions", json=asked, timeout=30).status_code == 200
            wait_until(lambda: status.exists() and '"latest":[{' in status.read_text(), "the call is told of")
            told = status.read_text()
    assert "[redacted:email]" in told and "anna@example.com" not in told


def test_a_changed_file_counts_without_a_restart_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        configure(tmp_path, model)
        with running(tmp_path) as gateway:
            assert gateway.ask() == 200
            (tmp_path / "gateway.toml").write_text("[connections.up]\nbase_url = 7\n")
            time.sleep(1.2)
            assert gateway.ask() == 200
            (tmp_path / "gateway.toml").write_text("")
            time.sleep(1.2)
            assert gateway.ask() == 404
        log = (tmp_path / "gateway.log").read_text()
    assert "keeps its configuration" in log
    assert "connections.up removed" in log


def test_workers_share_the_port_and_one_that_dies_is_replaced(tmp_path: Path) -> None:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        configure(tmp_path, model)
        with running(tmp_path, "--workers", "2") as gateway:
            family = psutil.Process(gateway.process.pid)
            wait_until(lambda: "is up at" in (tmp_path / "gateway.log").read_text(), "both workers serve")
            victim = family.children()[0]
            victim.send_signal(signal.SIGKILL)
            psutil.wait_procs([victim], timeout=20)  # until then it may still be given connections
            assert [gateway.ask() for _ in range(6)] == [200] * 6
            wait_until(lambda: len([one for one in family.children() if one.status() != "zombie"]) == 2, "it is back")


def test_it_is_said_to_be_up_once_all_workers_serve(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    with running(tmp_path, "--workers", "3", MASTHEAD_LOG_LEVEL="info"):
        wait_until(lambda: "is up at" in log.read_text(), "it says that it is up")
        before, _, _ = log.read_text().partition("is up at")
    assert before.count("Application startup complete") == 3


@pytest.mark.parametrize("fault", ["spool", "configuration"])
def test_workers_that_cannot_begin_are_named_with_the_reason_and_end_it_all(tmp_path: Path, fault: str) -> None:
    if fault == "configuration":
        (tmp_path / "gateway.toml").write_text("[connections.up]\nbase_url = 7\n")
    with closing(Wal(tmp_path / "gateway" / "spool-1")) if fault == "spool" else nullcontext():
        command = [*MASTHEAD, "--data-dir", str(tmp_path), "gateway", "--port", "0", "--workers", "2"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "is up at" not in done.stdout
    (last,) = [line for line in done.stderr.splitlines() if line.startswith("masthead: worker") and "ended" in line]
    assert "ended with exit code 1 before it served: " in last
    assert (
        ("worker 1 of 2" in last and "belongs to the running process" in last)
        if fault == "spool"
        else "connections.up.base_url" in last
    )


def test_workers_end_when_the_one_who_started_them_was_killed(tmp_path: Path) -> None:
    with ScriptedModel(lambda _request: ScriptedReply(text="Hello.")) as model:
        configure(tmp_path, model)
        with running(tmp_path, "--workers", "2") as gateway:
            workers = psutil.Process(gateway.process.pid).children()
            assert len(workers) == 2
            gateway.process.kill()
            _, alive = psutil.wait_procs(workers, timeout=30)
            assert alive == []


def test_calls_under_way_are_finished_when_it_is_told_to_end(tmp_path: Path) -> None:
    def slow(_request: object) -> ScriptedReply:
        time.sleep(1.0)
        return ScriptedReply(text="Hello.")

    with ScriptedModel(slow) as model:
        configure(tmp_path, model)
        with running(tmp_path) as gateway, httpx.Client(timeout=30) as client:
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(client.post, f"{gateway.url}/v1/chat/completions", json=CHAT)
                wait_until(lambda: len(model.requests) == 1, "the call is under way")
                gateway.process.terminate()
                assert answer.result(20).status_code == 200
            assert gateway.process.wait(20) == 0


def test_a_projects_configuration_made_at_the_server_holds_in_every_worker_alone(tmp_path: Path) -> None:
    seen: list[str] = []

    def talk(peer: Peer) -> None:
        while request := peer.request():
            seen.extend(line.decode() for line in request.split(b"\r\n") if line.startswith(b"authorization"))
            peer.answer(b'{"id": "c", "object": "chat.completion", "choices": []}')

    (tmp_path / "gateway.toml").write_text('[projects]\nallow_networks = ["loopback"]\n')
    with RawUpstream(talk) as upstream, (tmp_path / "server.log").open("w") as log:
        server = ServerProcess(tmp_path, log)
        try:
            with running(tmp_path, "--workers", "2") as gateway:
                assert {gateway.ask() for _ in range(8)} == {404}
                with httpx.Client(base_url=f"http://{server.address}/api/v1/gateway") as client:
                    connection = {"base_url": upstream.url, "allow_networks": ["loopback"], "secret": "stored:up"}
                    body = {"revision": 0, "document": {"connections": {"up": connection}}}
                    assert client.put("/secrets/up", json={"value": "sk-alone-1"}).status_code == 200
                    assert client.put("/config", json=body).status_code == 200
                    wait_until(lambda: {gateway.ask() for _ in range(8)} == {200}, "both workers serve it")
                    assert set(seen) == {"authorization: Bearer sk-alone-1"}
                    assert client.put("/secrets/up", json={"value": "sk-alone-2"}).status_code == 200
                    assert client.post("/secrets/rotate").status_code == 200
                    wait_until(lambda: _latest(gateway, seen) == {"sk-alone-2"}, "both workers use the new secret")
                    body = {"revision": 1, "document": {"connections": {"up": connection | {"models": ["none"]}}}}
                    assert client.put("/config", json=body).status_code == 200
                    wait_until(lambda: {gateway.ask() for _ in range(8)} == {404}, "both workers have taken it back")
        finally:
            server.stop()
    told = (tmp_path / "gateway.log").read_text() + (tmp_path / "server.log").read_text()
    assert "sk-alone" not in told


def _latest(gateway: Process, seen: list[str]) -> set[str]:
    seen.clear()
    assert {gateway.ask() for _ in range(8)} == {200}
    return {line.rpartition(" ")[2] for line in seen}
