"""Who is told the metrics: refusals are refusals, and what goes wrong here is no fault of the caller's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Identity
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.seams import Seams
from masthead.gateway.service import GatewayService
from masthead.gateway.tenants import Tenant
from masthead.gateway.upstream.pool import Http1Client
from masthead.model.errors import MastheadError, NotAllowed, NotAuthenticated, Overloaded, StoreError
from masthead.model.ids import ProjectId
from masthead.testing.gateway import MemorySink

pytestmark = pytest.mark.unit
CLOCK = FixedClock()
FILE = '[connections.shared]\nbase_url = "https://x/v1"\n'


def seams_of(tenant: Tenant) -> Seams:
    return Seams(PolicyRouter(tenant.config, tenant.secrets, tenant.fleet, CLOCK), tenant.recorder)


def asked(
    folder: Path, identify: Callable[[Mapping[str, Any]], Awaitable[Identity]], change: Callable[[GatewayService], None]
) -> tuple[int, str]:
    (folder / "gateway.toml").write_text(FILE)
    service = GatewayService(
        file=folder / "gateway.toml",
        make_seams=seams_of,
        identify=identify,
        sink=MemorySink(),
        client=Http1Client(),
        clock=CLOCK,
    )
    change(service)
    sent = list[MutableMapping[str, Any]]()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/metrics", "headers": []}
    try:
        asyncio.run(service(scope, receive, send))
    finally:
        service.close()
    return sent[0]["status"], sent[1]["body"].decode()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotAuthenticated("a key is needed"), 401),
        (NotAllowed("of another site"), 403),
        (Overloaded("too many", retry_after_s=1), 429),
        (StoreError("away"), 503),
    ],
)
def test_who_is_refused_is_told_how(tmp_path: Path, error: MastheadError, status: int) -> None:
    async def identify(_scope: Mapping[str, Any]) -> Identity:
        raise error

    assert asked(tmp_path, identify, lambda _service: None)[0] == status


def test_what_goes_wrong_is_logged_and_is_no_refusal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def identify(_scope: Mapping[str, Any]) -> Identity:
        raise RuntimeError("inner workings")

    with caplog.at_level(logging.ERROR):
        status, body = asked(tmp_path, identify, lambda _service: None)
    assert status == 500
    assert "inner workings" not in body
    assert "inner workings" in caplog.text


@pytest.mark.parametrize(("key", "is_told"), [(None, True), ("k1", False)])
def test_a_projects_key_is_not_told_other_projects_connections(
    tmp_path: Path, key: str | None, *, is_told: bool
) -> None:
    async def identify(_scope: Mapping[str, Any]) -> Identity:
        return Identity(ProjectId("p"), key)

    def change(service: GatewayService) -> None:
        service.gateway.metrics.attempts.update({("shared", "ok"): 2, ("h1dden", "ok"): 3})
        service.gateway.own_calls.left_out["h1dden"] = 1

    status, text = asked(tmp_path, identify, change)
    assert status == 200
    assert 'attempts_total{connection="shared",outcome="ok"} 2' in text
    assert ("h1dden" in text) is is_told
    assert ('connection="other",outcome="ok"} 3' in text) is not is_told
