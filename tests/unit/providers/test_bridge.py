"""The bridge to any-llm, with a double in the place of its two functions."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from masthead.providers.bridge import Bridge
from masthead.providers.sse import Parser

pytestmark = pytest.mark.unit


class Told:
    def __init__(self, **data: Any) -> None:
        self.data = data

    def model_dump(self, *, mode: str, exclude_none: bool) -> dict[str, Any]:
        assert mode == "json" and exclude_none
        return self.data


class RateLimitError(Exception):
    status_code = None


class Vendors:
    """Answers as it is told to; keeps what was asked."""

    def __init__(self, failure: Exception | None = None, *, pause_s: float = 0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.is_closed = False
        self._failure, self._pause_s = failure, pause_s

    async def acompletion(self, **asked: Any) -> Any:
        self.asked.append(asked)
        if not asked.get("stream"):
            if self._failure is not None:
                raise self._failure
            return Told(id="1", choices=[])
        return self._chunks()

    async def _chunks(self) -> AsyncIterator[Told]:
        try:
            yield Told(id="1", delta="a")
            await asyncio.sleep(self._pause_s)
            if self._failure is not None:
                raise self._failure
            yield Told(id="1", delta="b")
        finally:
            self.is_closed = True

    async def aembedding(self, **asked: Any) -> Any:
        self.asked.append(asked)
        return Told(data=[])


async def ask(vendors: Vendors, body: Any, path: str = "/v1/chat/completions", *, leaves: bool = False) -> Any:
    sent: list[Any] = []
    stays, told = asyncio.Event(), asyncio.Event()
    messages = [{"type": "http.request", "body": body if isinstance(body, bytes) else json.dumps(body).encode()}]

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        await (told if leaves else stays).wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body"):
            told.set()

    await Bridge(vendors)({"type": "http", "path": path, "method": "POST"}, receive, send)
    return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])


HI = {"messages": [{"role": "user", "content": "hi"}]}


async def test_call_goes_to_the_vendor_before_the_slash() -> None:
    vendors = Vendors()
    status, body = await ask(vendors, {"model": "watsonx/ibm/granite", **HI, "temperature": 0.5, "stop": None})
    assert (status, json.loads(body)["id"]) == (200, "1")
    assert vendors.asked == [{"provider": "watsonx", "model": "ibm/granite", **HI, "temperature": 0.5}]


async def test_stream_comes_as_events_with_its_end() -> None:
    _, body = await ask(Vendors(), {"model": "v/m", **HI, "stream": True})
    *chunks, end = [event.data for event in Parser().feed(body)]
    assert [json.loads(chunk)["delta"] for chunk in chunks] == ["a", "b"] and end == b"[DONE]"


async def test_failure_amid_a_stream_is_told_in_it() -> None:
    _, body = await ask(Vendors(RateLimitError("slow down")), {"model": "v/m", **HI, "stream": True})
    last = json.loads(Parser().feed(body)[-1].data)
    assert last["error"]["message"] == "slow down"


async def test_client_that_leaves_ends_the_vendors_stream() -> None:
    vendors = Vendors(pause_s=60)
    await ask(vendors, {"model": "v/m", **HI, "stream": True}, leaves=True)
    assert vendors.is_closed


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"model": "gpt", **HI}, 400, "VENDOR/MODEL"),
        ({**HI}, 400, "model"),
        (b"[]", 400, "JSON object"),
        ({"model": "v/m", **HI, "api_base": "http://169.254.169.254"}, 400, "api_base"),
        ({"model": "v/m", **HI, "client_args": {"verify": False}}, 400, "client_args"),
    ],
)
async def test_what_a_caller_must_not_say_is_refused(body: Any, status: int, told: str) -> None:
    vendors = Vendors()
    answered, text = await ask(vendors, body)
    assert answered == status and told in text.decode() and vendors.asked == []


async def test_vendors_failure_keeps_its_status() -> None:
    status, text = await ask(Vendors(RateLimitError("slow down")), {"model": "v/m", **HI})
    assert status == 429 and "slow down" in text.decode()
    status, _ = await ask(Vendors(RuntimeError("boom")), {"model": "v/m", **HI})
    assert status == 502


async def test_embeddings_pass() -> None:
    vendors = Vendors()
    status, _ = await ask(vendors, {"model": "v/m", "input": ["a"]}, "/v1/embeddings")
    assert status == 200 and vendors.asked == [{"provider": "v", "model": "m", "inputs": ["a"]}]
    assert (await ask(vendors, {}, "/v1/files"))[0] == 404
