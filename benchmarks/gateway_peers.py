"""Other gateways for `benchmarks/gateway.py`: how each is installed, configured and started in front of one upstream.

They live in a folder of their own outside the repository (`~/.cache/masthead-peers`), never among our dependencies,
and see nothing of the environment but PATH. Each runs as its makers ship it, without a database, and with its logs off;
where it can demand a key, it does.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

_START_S = 180.0
_KEY = "sk-benchmark-0123456789"


class Running(NamedTuple):
    """A gateway that answers: how it is asked."""

    process: "subprocess.Popen[bytes]"
    port: int
    path: str
    model: str
    headers: dict[str, str]
    start_s: float


class Peer(NamedTuple):
    """How to install and start another gateway. `{port}`, `{upstream}`, `{home}`, `{run}` and `{key}` are filled in."""

    name: str
    install: tuple[tuple[str, ...], ...]
    """Commands, run in the peer's folder. `{uv}` is uv, `{python}` the Python for environments."""
    command: tuple[str, ...]
    files: Mapping[str, str] = {}
    """Written into the folder that it runs in."""
    environment: Mapping[str, str] = {}
    package_files: Mapping[str, str] = {}
    """Written into the peer's folder before it is installed."""
    path: str = "/v1/chat/completions"
    model: str = "static-1"
    headers: Mapping[str, str] = {"authorization": f"Bearer {_KEY}"}
    proof: str = ""
    """What is there once it is installed, below its folder; else a program that must be found."""


def _python(*packages: str, more: tuple[str, ...] = ()) -> tuple[tuple[str, ...], ...]:
    made = ("{uv}", "venv", "-q", "--python", "{python}", "venv")
    return made, ("{uv}", "pip", "install", "-q", "--python", "venv/bin/python", *packages, *more)


PEERS = (
    Peer(
        "nginx",
        (),
        ("nginx", "-p", "{run}", "-c", "{run}/nginx.conf"),
        files={
            "nginx.conf": """
daemon off; worker_processes 1; pid nginx.pid; error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off; client_max_body_size 16m; client_body_buffer_size 2m; keepalive_requests 1000000000;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream up { server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:{port};
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
"""
        },
        proof="nginx",
    ),
    Peer(
        "TensorZero",
        _python("tensorzero==2026.6.0", "openai"),
        ("{home}/venv/bin/python", "{run}/serve.py"),
        files={
            "serve.py": """
import threading
from tensorzero.tensorzero import _start_http_gateway
started = _start_http_gateway(
    config_file="tensorzero.toml", clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
)
print("listens at", started.base_url, flush=True)
threading.Event().wait()
""",
            "tensorzero.toml": """
[gateway]
disable_pseudonymous_usage_analytics = true
observability.enabled = false
[models.static-1]
routing = ["static"]
[models.static-1.providers.static]
type = "openai"
model_name = "static-1"
api_base = "http://127.0.0.1:{upstream}/v1/"
api_key_location = "none"
""",
        },
        environment={"RUST_LOG": "error"},
        path="/openai/v1/chat/completions",
        model="tensorzero::model_name::static-1",
        proof="venv/lib/python3.11/site-packages/tensorzero/tensorzero.abi3.so",
    ),
    Peer(
        "ferrogw",
        _python("ferrogw==1.5.10"),
        ("{home}/venv/bin/ferrogw", "serve"),
        files={"config.yaml": "strategy:\n  mode: single\ntargets:\n  - virtual_key: openai\n"},
        environment={
            "MASTER_KEY": _KEY,
            "GATEWAY_CONFIG": "{run}/config.yaml",
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": "http://127.0.0.1:{upstream}/v1",
            "PORT": "{port}",
            "LOG_LEVEL": "error",
            "RATE_LIMIT_RPS": "1000000",
            "RATE_LIMIT_BURST": "1000000",
        },
        model="gpt-4o-mini",
        proof="venv/bin/ferrogw",
    ),
    Peer(
        "Portkey",
        (("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"),),
        ("node", "{home}/node_modules/@portkey-ai/gateway/build/start-server.js", "--port={port}", "--headless"),
        package_files={
            # Streams fail with the @hono/node-server that it would take by itself.
            "package.json": '{"private": true, "dependencies": {"@portkey-ai/gateway": "1.15.2"},'
            ' "overrides": {"@hono/node-server": "1.13.8"}}'
        },
        environment={"NODE_ENV": "production"},
        headers={
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": "http://127.0.0.1:{upstream}/v1",
            "authorization": "Bearer none",
        },
        proof="node_modules/@portkey-ai/gateway/build/start-server.js",
    ),
    Peer(
        "LiteLLM",
        # It asks for a bundle of certificates that is newer than some registries have; any does on the loopback.
        _python("litellm[proxy]==1.108.7", more=("--override", "override.txt")),
        ("{home}/venv/bin/litellm", "--config", "{run}/litellm.yaml", "--port", "{port}", "--host", "127.0.0.1",
         "--num_workers", "1"),
        files={
            "litellm.yaml": """
model_list:
  - model_name: static-1
    litellm_params: {model: openai/static-1, api_base: "http://127.0.0.1:{upstream}/v1", api_key: none}
general_settings: {master_key: {key}}
litellm_settings: {telemetry: false}
"""
        },
        environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
        package_files={"override.txt": "certifi\n"},
        proof="venv/bin/litellm",
    ),
)  # fmt: skip


def home_of(peer: Peer, root: Path, python: str) -> Path:
    """Return the peer's folder, with the peer in it; installs it where it is missing.

    Raises:
        RuntimeError: it cannot be had here.
    """
    home = root / peer.name.lower()
    if not peer.install:
        if shutil.which(peer.proof) is None:
            raise RuntimeError(f"{peer.proof} is not installed; on Debian: apt-get install nginx-light")
        return home
    if (home / peer.proof).exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    for name, text in peer.package_files.items():
        (home / name).write_text(text)
    for command in peer.install:
        words = [{"{uv}": _uv(), "{python}": python}.get(word, word) for word in command]
        if shutil.which(words[0]) is None:
            raise RuntimeError(f"{words[0]} is not installed, which installs it")
        done = subprocess.run(words, check=False, cwd=home, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"it cannot be installed: {(done.stderr or done.stdout).strip()[-300:]}")
    return home


def start(
    peer: Peer, root: Path, folder: Path, *, upstream: int, port: int, core: int | None, python: str = sys.executable
) -> Running:
    """Start a peer and wait for its first answer.

    Raises:
        RuntimeError: it does not start, or does not answer.
    """
    home, run = home_of(peer, root, python), folder / peer.name
    run.mkdir()
    words = {"port": str(port), "upstream": str(upstream), "home": str(home), "run": str(run), "key": _KEY}
    for name, text in peer.files.items():
        (run / name).write_text(_filled(text, words))
    log = run / "log"
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [_filled(word, words) for word in peer.command],
            cwd=run, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": str(run)}
            | {name: _filled(value, words) for name, value in peer.environment.items()},
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - one thread
        )  # fmt: skip
    headers = {name: _filled(value, words) for name, value in peer.headers.items()}
    while True:
        found = _said_port(log) if peer.name == "TensorZero" else port
        if found is not None and answers(found, peer.path, headers, peer.model):
            return Running(process, found, peer.path, peer.model, headers, time.monotonic() - started)
        if process.poll() is not None or time.monotonic() - started > _START_S:
            stop(process)
            raise RuntimeError(f"it does not serve: {log.read_text(errors='replace').strip()[-300:]}")
        time.sleep(0.02)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process, at last with force."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(port: int, path: str, headers: Mapping[str, str], model: str) -> bool:
    """Say whether a chat completion is answered."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Are you there?"}]})
    try:
        connection.request("POST", path, body, {"content-type": "application/json", **headers})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _said_port(log: Path) -> int | None:
    _, found, rest = log.read_text(errors="replace").partition("listens at http://127.0.0.1:")
    return int(rest.partition("/")[0]) if found and "/" in rest else None


def _filled(text: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else "uv"
