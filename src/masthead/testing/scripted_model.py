"""A language model that says what its script says, behind OpenAI's HTTP API on loopback.

It speaks `POST /v1/chat/completions` (plain and streamed, with tool calls and errors), `POST /v1/responses` (plain) and
`POST /v1/embeddings`, which is what agent frameworks call. It lets the real client libraries run, so that tests see
what they really send.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptedCall:
    """A tool that the model asks for; `arguments` may be anything, broken JSON included."""

    name: str
    arguments: str = "{}"
    id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptedReply:
    """One answer of the model. A `status` other than 200 is an HTTP error with `text` as its message."""

    text: str | None = None
    calls: tuple[ScriptedCall, ...] = ()
    status: int = 200
    input_tokens: int = 10
    output_tokens: int = 5
    cached_tokens: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptedRequest:
    """What a client asked: `number` counts requests from 0, `body` is the JSON as it came."""

    number: int
    body: Mapping[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The chat so far, in the form of chat completions whichever was asked."""
        if "input" in self.body:
            return [_chat_message(item) for item in _items(self.body["input"])]
        return self.body.get("messages") or []

    @property
    def system(self) -> str:
        """Everything that system and developer messages say: tells which agent is asking."""
        said = [_text(m.get("content")) for m in self.messages if m.get("role") in {"system", "developer"}]
        return "\n".join([self.body.get("instructions") or "", *said])

    @property
    def last(self) -> dict[str, Any]:
        """The last message."""
        return self.messages[-1] if self.messages else {}

    @property
    def tools(self) -> list[str]:
        """Names of the tools that the model may ask for."""
        offered: list[dict[str, Any]] = self.body.get("tools") or []
        return [tool["function"]["name"] for tool in offered if "function" in tool]


Script = Callable[[ScriptedRequest], ScriptedReply]


class ScriptedModel:
    """Serves a script while its `with` block lasts.

    The script is a function of the request, or a sequence of replies given in turn; past the end of a sequence the
    answer is HTTP 500. Streamed answers come in pieces of a few characters.
    """

    def __init__(self, script: Script | Sequence[ScriptedReply], *, model: str = "scripted-1") -> None:
        self._script = script
        self._model = model
        self._lock = threading.Lock()
        """Protects `requests`."""
        self.requests: list[ScriptedRequest] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.scripted = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL for clients, ending in `/v1`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply_to(self, body: Mapping[str, Any]) -> tuple[int, ScriptedReply]:
        """Note the request; return its number and what the script answers to it."""
        with self._lock:
            request = ScriptedRequest(number=len(self.requests), body=body)
            self.requests.append(request)
        if callable(self._script):
            return request.number, self._script(request)
        if request.number < len(self._script):
            return request.number, self._script[request.number]
        return request.number, ScriptedReply(status=500, text=f"the script has no reply number {request.number}")

    def completion(self, number: int, reply: ScriptedReply) -> dict[str, Any]:
        """Return the reply as a chat completion."""
        message: dict[str, Any] = {"role": "assistant", "content": reply.text}
        if reply.calls:
            message["tool_calls"] = [_call(call, number, position) for position, call in enumerate(reply.calls)]
        choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
        return {**self._head(number, "chat.completion"), "choices": [choice], "usage": _usage(reply)}

    def response(self, number: int, reply: ScriptedReply) -> dict[str, Any]:
        """Return the reply as the responses API has it."""
        content: list[Any] = [{"type": "output_text", "text": reply.text, "annotations": []}]
        done = {"role": "assistant", "status": "completed"}
        message: dict[str, Any] = {"type": "message", "id": f"msg_{number}", "content": content, **done}
        output: list[dict[str, Any]] = [message] if reply.text is not None else []
        for position, call in enumerate(reply.calls):
            made = _call(call, number, position)
            named = {
                "type": "function_call",
                "id": f"fc_{number}_{position}",
                "call_id": made["id"],
                "status": "completed",
            }
            output.append({**named, **made["function"]})
        usage = {
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
            "input_tokens_details": {"cached_tokens": reply.cached_tokens},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        head = {**self._head(number, "response"), "id": f"resp_{number}", "created_at": 1_700_000_000}
        head |= {"status": "completed", "instructions": self.requests[number].body.get("instructions")}
        return {
            **head,
            "output": output,
            "usage": usage,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }

    def chunks(self, number: int, reply: ScriptedReply) -> list[dict[str, Any]]:
        """Return the reply as the chunks of a stream; usage comes in the last one."""
        head = self._head(number, "chat.completion.chunk")
        text = reply.text or ""
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": text[at : at + 7]} for at in range(0, len(text), 7)]
        for position, call in enumerate(reply.calls):
            whole = _call(call, number, position)
            opened = {**whole, "index": position, "function": {"name": call.name, "arguments": ""}}
            deltas.append({"tool_calls": [opened]})
            deltas.append({"tool_calls": [{"index": position, "function": {"arguments": call.arguments}}]})
        chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(reply)}]})
        return [*chunks, {**head, "choices": [], "usage": _usage(reply)}]

    def _head(self, number: int, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{number}", "object": kind, "created": 1_700_000_000, "model": self._model}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    scripted: ScriptedModel


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        if self.path.endswith("/embeddings"):
            self._send(200, _embeddings(body))
            return
        if not self.path.endswith(("/chat/completions", "/responses")):
            self._send(404, {"error": {"message": f"{self.path!r} is not scripted: use /v1/chat/completions"}})
            return
        scripted = cast("_Server", self.server).scripted
        number, reply = scripted.reply_to(body)
        if reply.status != 200:
            self._send(reply.status, {"error": {"message": reply.text, "type": "scripted", "code": None}})
        elif self.path.endswith("/responses"):
            self._send(200, scripted.response(number, reply))
        elif body.get("stream"):
            self._stream(scripted.chunks(number, reply))
        else:
            self._send(200, scripted.completion(number, reply))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's parameter
        """Print nothing."""

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, chunks: Sequence[Mapping[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


def _call(call: ScriptedCall, number: int, position: int) -> dict[str, Any]:
    identity = call.id or f"call_{number}_{position}"
    return {"id": identity, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _finish(reply: ScriptedReply) -> str:
    return "tool_calls" if reply.calls else "stop"


def _usage(reply: ScriptedReply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
    }


def _embeddings(body: Mapping[str, Any]) -> dict[str, Any]:
    given: Any = body.get("input") or ""
    count = len(cast("list[object]", given)) if isinstance(given, list) else 1
    data = [{"object": "embedding", "index": position, "embedding": [0.0, 1.0]} for position in range(count)]
    return {
        "object": "list",
        "data": data,
        "model": body.get("model"),
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def _items(given: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else cast("list[dict[str, Any]]", given)


def _chat_message(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of the responses API as a message of chat completions."""
    if item.get("type") == "function_call_output":
        return {"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")}
    if item.get("type") == "function_call":
        function = {"name": item.get("name"), "arguments": item.get("arguments")}
        return {"role": "assistant", "content": None, "tool_calls": [{"id": item.get("call_id"), "function": function}]}
    return dict(item)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = cast("list[dict[str, Any]]", content)
        return "\n".join(str(part.get("text", "")) for part in parts)
    return ""
