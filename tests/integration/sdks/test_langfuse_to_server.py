"""The Langfuse SDK with nothing but its base URL changed sends its traces to the real server."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from masthead.testing.live import live_server

pytestmark = pytest.mark.integration

SCENARIO = Path(__file__).parents[2] / "contract" / "sdks" / "scenarios" / "langfuse_sdk.py"


def test_langfuse_sdk_needs_only_our_address(tmp_path: Path):
    with live_server(tmp_path / "data") as server:
        subprocess.run([sys.executable, str(SCENARIO), server.url], check=True, capture_output=True, timeout=200)
        run = _first_run(server.url)
        answer = httpx.get(f"{server.url}/api/v1/runs/{run['run_id']}/conversation").raise_for_status().json()
    assert (run["task"], run["user_id"], run["session_id"], run["tags"]) == (
        "Plan a day in Rome.",
        "u-7",
        "s-9",
        ["beta"],
    )
    assert (run["llm_calls"], run["input_tokens"], run["output_tokens"]) == (2, 37, 13)
    assert sorted(run["agents"]) == ["planner", "writer"]
    assert [turn["act"] for turn in answer["turns"]] == ["message", "tool_call", "tool_result", "handoff", "message"]


def _first_run(url: str) -> dict[str, Any]:
    """Return the run once its spans can be read."""
    for _ in range(200):
        items = httpx.get(f"{url}/api/v1/runs").raise_for_status().json()["items"]
        if items and items[0]["spans"] == 6:
            return items[0]
        time.sleep(0.1)
    raise AssertionError(f"no run of 6 spans at {url}")
