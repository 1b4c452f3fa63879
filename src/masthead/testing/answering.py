"""An upstream that answers each request as a function says, and keeps what it was asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from masthead.testing.raw_upstream import Peer


class Request(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    data: bytes

    @property
    def body(self) -> Any:
        """The body as JSON."""
        return json.loads(self.data)


class Reply(NamedTuple):
    """What is answered: an object as JSON, bytes as they are."""

    body: Any
    status: str = "200 OK"
    kind: str = "application/json"
    more: str = ""
    """Further header lines, each with its line end."""


@dataclass
class Answering:
    """Use its `talk` with a `RawUpstream`."""

    answer: Callable[[Request], Reply]
    requests: list[Request] = field(default_factory=list[Request])

    def talk(self, peer: Peer) -> None:
        """Answer the requests of one connection."""
        while raw := peer.request():
            head, _, data = raw.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            method, path, _ = first.split(" ")
            request = Request(method, path, headers, data)
            self.requests.append(request)
            reply = self.answer(request)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            peer.answer(body, status=reply.status, kind=reply.kind, more=reply.more)


def chat_reply(text: str, *, model: str = "m", input_tokens: int = 3, output_tokens: int = 1) -> Reply:
    """Return a chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": input_tokens, "completion_tokens": output_tokens}
    return Reply({"id": "c", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage})
