"""A provider for tests that need answers to look at: what it says depends on the model that is asked for."""

import json
import threading
from collections.abc import Mapping
from typing import Any, Final

from masthead.testing.raw_upstream import Peer, RawUpstream

HUGE_BYTES: Final = 1_000_000


class ChattingUpstream(RawUpstream):
    """Streams chat completions. `said` says what a model says, in pieces; some models behave in ways of their own.

    `endless` goes on until the client goes away, which sets `gone`; `busy` refuses; `broken` drops its connection;
    `huge` says a megabyte; `caller` asks for a tool until it has a result.
    """

    def __init__(self, said: Mapping[str, str], *, reasoning: str = "") -> None:
        super().__init__(self._talk)
        self._said = said
        self._reasoning = reasoning
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.gone = threading.Event()

    def _talk(self, peer: Peer) -> None:
        while request := peer.request():
            head, _, body = request.partition(b"\r\n\r\n")
            self.keys.append(_header(head, b"authorization"))
            if head.startswith(b"GET"):
                listed = {"object": "list", "data": [{"id": name} for name in self._said]}
                peer.answer(json.dumps(listed).encode())
                continue
            asked: dict[str, Any] = json.loads(body)
            self.asked.append(asked)
            if asked["model"] == "busy":
                error = {"error": {"message": "Too many calls; wait a little.", "type": "rate_limit_exceeded"}}
                peer.answer(json.dumps(error).encode(), status="429 Too Many Requests")
                continue
            peer.begin_stream()
            if not self._stream(peer, asked):
                return
            _event(peer, _usage(asked["model"]))
            peer.chunk(b"data: [DONE]\n\n")
            peer.chunk(b"")

    def _stream(self, peer: Peer, asked: Mapping[str, Any]) -> bool:
        """Stream an answer; return whether it came to its end."""
        model = asked["model"]
        match model:
            case "endless":
                while not self.gone.is_set():
                    _delta(peer, {"content": "and on "})
                    if peer.wait_until_gone(0.05):
                        self.gone.set()
                return False
            case "broken":
                _delta(peer, {"content": "It begins"})
                return False
            case "huge":
                for at in range(200):
                    _delta(peer, {"content": f"{at} " + "fathoms " * (HUGE_BYTES // 1600)})
            case "caller" if asked["messages"][-1]["role"] != "tool":
                call = {"index": 0, "id": "call_7", "type": "function", "function": {"name": "depth", "arguments": ""}}
                _delta(peer, {"role": "assistant", "content": None, "tool_calls": [call]})
                for part in ('{"at": ', '"mouth"}'):
                    _delta(peer, {"tool_calls": [{"index": 0, "function": {"arguments": part}}]})
                _delta(peer, {}, "tool_calls")
                return True
            case _:
                if self._reasoning:
                    _delta(peer, {"reasoning_content": self._reasoning})
                for word in self._said.get(model, "Aye.").split(" "):
                    _delta(peer, {"content": f"{word} "})
        _delta(peer, {}, "stop")
        return True


def _delta(peer: Peer, delta: Mapping[str, Any], finish: str | None = None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    _event(peer, {"id": "c1", "object": "chat.completion.chunk", "created": 1, "choices": [choice]})


def _event(peer: Peer, event: Mapping[str, Any]) -> None:
    peer.chunk(b"data: " + json.dumps(event).encode() + b"\n\n")


def _usage(model: str) -> dict[str, Any]:
    details = {"cached_tokens": 384}
    usage = {"prompt_tokens": 412, "completion_tokens": 57, "total_tokens": 469, "prompt_tokens_details": details}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [], "usage": usage}


def _header(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().decode()
    return ""
