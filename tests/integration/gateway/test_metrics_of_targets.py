"""Metrics tell of targets that fail, and of no name that a caller made up."""

from pathlib import Path

import httpx
import pytest

from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.wired_gateway import wired_gateway

pytestmark = pytest.mark.integration

CONFIG = """
[connections.up]
base_url = "{url}"
allow_networks = ["loopback"]
[breaker]
failures = 1
"""


def answers(peer: Peer) -> None:
    while request := peer.request():
        is_known = b'"broken"' in request
        peer.answer(b'{"error": {"message": "no"}}', status="500 Oh" if is_known else "404 Not Found")


def test_models_that_callers_make_up_leave_no_series_and_a_target_that_fails_does(tmp_path: Path) -> None:
    with RawUpstream(answers) as upstream, wired_gateway(tmp_path, CONFIG.format(url=upstream.url)) as running:
        for model in ("made-up-1", "made-up-2", "broken"):
            httpx.post(f"{running.url}/v1/chat/completions", json={"model": model, "messages": []}, timeout=20)
        told = httpx.get(f"{running.url}/metrics").text
    assert "made-up" not in told
    assert 'masthead_gateway_target_set_aside{project="default",connection="up",model="broken"} 1.0' in told
