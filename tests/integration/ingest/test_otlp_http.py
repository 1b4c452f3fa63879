import asyncio
import gzip
import json
import os
import threading
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.types import Scope

from masthead.api.otlp import OtlpTraces
from masthead.clock import SystemClock
from masthead.govern.directory import Directory
from masthead.ingest.door import Door
from masthead.model.errors import NotAllowed, NotAuthenticated, Overloaded, StoreError
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.model.tenancy import Project
from masthead.store.control import projects
from masthead.store.control.database import Database, sqlite_url
from masthead.testing.memory_rows import MemoryRows, otlp_body

pytestmark = pytest.mark.integration

OpenDoor = Callable[..., Door]
PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json; charset=utf-8"}
SPAN = {
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "b7ad6b7169203331",
    "startTimeUnixNano": "1700000000000000000",
    "endTimeUnixNano": "1700000001000000000",
}


def as_json(*spans: dict[str, Any]) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def whose(scope: Scope) -> ProjectId:
    for name, value in scope["headers"]:
        if name == b"authorization":
            problem = {b"bad": NotAuthenticated("no such key"), b"viewer": NotAllowed("viewers may not write")}
            if value == b"often":
                raise Overloaded("too many unknown keys", retry_after_s=30)
            if value in problem:
                raise problem[value]
            return ProjectId(value.decode())
    return ProjectId("default")


@pytest.fixture
async def client(open_door: OpenDoor) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(open_door()) as opened:
        yield opened


def client_of(door: Door) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=OtlpTraces(door, whose), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://masthead")


async def post(client: httpx.AsyncClient, body: bytes, headers: dict[str, str], **more: str) -> httpx.Response:
    return await client.post("/v1/traces", content=body, headers=headers | more)


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate", "zstd", "gzip in two members"])
async def test_every_encoding_is_read(open_door: OpenDoor, rows: MemoryRows, encoding: str):
    body = otlp_body([1, 2], text="hello " * 100)
    packed = {
        "identity": body,
        "gzip": gzip.compress(body),
        "deflate": zlib.compress(body),
        "zstd": zstandard.ZstdCompressor().compress(body),
        "gzip in two members": gzip.compress(body[:50]) + gzip.compress(body[50:]),
    }[encoding]
    door = open_door()
    async with client_of(door) as client:
        answer = await post(client, packed, PROTOBUF, **{"content-encoding": encoding.partition(" ")[0]})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    await asyncio.to_thread(door.flush)
    assert rows.numbers == [1, 2]


async def test_json_is_answered_in_json(client: httpx.AsyncClient):
    answer = await post(client, as_json(SPAN), JSON)
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    answer = await post(client, as_json(SPAN, {**SPAN, "traceId": "00"}), JSON)
    partial = answer.json()["partialSuccess"]
    assert (answer.status_code, partial["rejectedSpans"]) == (200, "1")
    assert "resourceSpans[0].scopeSpans[0].spans[1]" in partial["errorMessage"]


async def test_partial_success_is_told_in_protobuf(client: httpx.AsyncClient):
    answer = await post(client, otlp_body([0, 1]), PROTOBUF)
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_spans) == (200, 1)
    assert "span_id" in told.error_message


async def test_unreadable_body_is_400_and_says_why_in_its_own_encoding(client: httpx.AsyncClient):
    answer = await post(client, b"\xff\xff", PROTOBUF)
    assert answer.status_code == 400
    assert "ExportTraceServiceRequest" in Status.FromString(answer.content).message
    answer = await post(client, b"{", JSON)
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["message"]
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"not gzip at all"),
        ("gzip", gzip.compress(otlp_body([1]))[:-9]),
        ("zstd", b"not zstd at all"),
        ("deflate", b"\x00\x01\x02"),
    ],
)
async def test_body_that_is_not_what_its_encoding_says_is_400(client: httpx.AsyncClient, encoding: str, packed: bytes):
    answer = await post(client, packed, PROTOBUF, **{"content-encoding": encoding})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        PROTOBUF | {"content-encoding": "br"},
    ],
)
async def test_types_and_encodings_that_nobody_reads_are_415(client: httpx.AsyncClient, headers: dict[str, str]):
    answer = await post(client, otlp_body([1]), headers)
    assert answer.status_code == 415
    assert b"application/x-protobuf" in answer.content


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate", "zstd"])
async def test_body_over_the_limit_is_413_however_small_it_was_packed(client: httpx.AsyncClient, encoding: str):
    body = bytes(5 * 1024 * 1024)
    packed = {
        "identity": body,
        "gzip": gzip.compress(body),
        "deflate": zlib.compress(body),
        "zstd": zstandard.ZstdCompressor().compress(body),
    }[encoding]
    answer = await post(client, packed, PROTOBUF, **{"content-encoding": encoding})
    assert answer.status_code == 413
    assert b"MASTHEAD_MAX_BODY_BYTES" in answer.content


@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
async def test_chunked_body_over_the_limit_is_413_with_a_status_in_its_encoding(
    client: httpx.AsyncClient, headers: dict[str, str]
):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield bytes(65_536)

    answer = await client.post("/v1/traces", content=chunks(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == headers["content-type"].partition(";")[0]
    told = Status.FromString(answer.content).message if headers is PROTOBUF else answer.json()["message"]
    assert "MASTHEAD_MAX_BODY_BYTES" in told


async def test_large_body_with_a_ten_megabyte_attribute_is_taken(open_door: OpenDoor, rows: MemoryRows):
    door = open_door(max_body_bytes=32 * 1024 * 1024)
    async with client_of(door) as client:
        answer = await post(client, otlp_body([1], text="ü" * 5_000_000), PROTOBUF)
        assert answer.status_code == 200
        text = {"key": "a", "value": {"stringValue": os.urandom(3_000_000).hex()}}
        answer = await post(client, as_json({**SPAN, "attributes": [text]}), JSON)
        assert answer.status_code == 200
    await asyncio.to_thread(door.flush)
    assert sorted(len(row.attributes) for row in rows.rows) == [6_000_008, 10_000_018]


async def test_full_queue_is_503_with_the_time_to_wait(open_door: OpenDoor, rows: MemoryRows):
    door = open_door(queue_bytes=1000)
    rows.failure = StoreError("down")
    async with client_of(door) as client:
        assert (await post(client, otlp_body([1], text="x" * 2000), PROTOBUF)).status_code == 200
        answer = await post(client, otlp_body([2], text="x" * 2000), PROTOBUF)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert Status.FromString(answer.content).code == 14
        rows.failure = None
        await asyncio.to_thread(door.flush)
        assert (await post(client, otlp_body([2], text="x" * 2000), PROTOBUF)).status_code == 200


async def test_full_disk_is_503_and_nothing_is_taken(open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch):
    door = open_door()

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    async with client_of(door) as client:
        monkeypatch.setattr(os, "pwrite", full)
        answer = await post(client, otlp_body([1]), PROTOBUF)
        monkeypatch.undo()
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert b"free space" in answer.content
    assert door.counters().accepted_spans == 0


async def test_who_may_not_write_is_told_so(client: httpx.AsyncClient):
    for key, status, code in (("bad", 401, 16), ("viewer", 403, 7), ("often", 429, 14)):
        answer = await post(client, otlp_body([1]), PROTOBUF, authorization=key)
        assert answer.status_code == status
        assert Status.FromString(answer.content).code == code
        assert ("retry-after" in answer.headers) == (status == 429)


async def test_other_methods_are_405(client: httpx.AsyncClient):
    answer = await client.get("/v1/traces")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_unforeseen_error_is_500_and_logged(open_door: OpenDoor, caplog: pytest.LogCaptureFixture):
    def broken(_: ProjectId) -> Any:
        raise RuntimeError("the settings are gone")

    async with client_of(open_door(redaction_of=broken)) as client:
        answer = await post(client, otlp_body([1]), PROTOBUF)
    assert answer.status_code == 500
    assert b"settings are gone" not in answer.content
    assert "a request to /v1/traces failed" in caplog.text


async def test_client_that_goes_away_in_the_middle_leaves_nothing(open_door: OpenDoor):
    door = open_door()
    messages = iter(
        [{"type": "http.request", "body": otlp_body([1])[:20], "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/x-protobuf")]}
    await OtlpTraces(door, whose)(scope, receive, send)
    assert sent == []
    assert door.counters().accepted_spans == 0


async def test_event_loop_never_waits_for_the_database(
    open_door: OpenDoor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    database = Database.open(sqlite_url(tmp_path / "control.sqlite"))
    with database.writing() as session:
        projects.insert(session, Project(id=DEFAULT_PROJECT, name="Default", created_ns=0))
    directory = Directory(database, SystemClock())
    real, asked_in = database.reading, list[threading.Thread]()

    def reading() -> Any:
        asked_in.append(threading.current_thread())
        return real()

    monkeypatch.setattr(database, "reading", reading)
    door = open_door(redaction_of=directory.redaction_of)

    def looked_up(_: Scope) -> ProjectId:
        return directory.project(DEFAULT_PROJECT).id

    for authenticate in (looked_up, whose):
        asked_in.clear()
        directory.forget()
        transport = httpx.ASGITransport(app=OtlpTraces(door, authenticate))
        async with httpx.AsyncClient(transport=transport, base_url="http://masthead") as client:
            for number in (1, 2, 3):
                assert (await post(client, otlp_body([number]), PROTOBUF)).status_code == 200
        assert len(asked_in) == 1
        assert threading.main_thread() not in asked_in
    directory.close()
    database.close()


async def test_projects_do_not_mix(open_door: OpenDoor, rows: MemoryRows):
    door = open_door()
    async with client_of(door) as client:
        await asyncio.gather(
            *(post(client, otlp_body([number]), PROTOBUF, authorization=f"p{number % 3}") for number in range(1, 31))
        )
    await asyncio.to_thread(door.flush)
    assert {(row.project, int.from_bytes(row.span_id, "big")) for row in rows.rows} == {
        (f"p{number % 3}", number) for number in range(1, 31)
    }
