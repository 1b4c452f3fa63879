"""Whether the gateway alone may be sent calls: it says so before anybody sends one, and ends without breaking any."""

import threading
from pathlib import Path

import httpx
import pytest

from masthead.gateway.tenants import NoDocuments, Stored
from masthead.model.errors import StoreError
from masthead.model.ids import ProjectId
from masthead.testing.gateway import RunningGateway, gateway_at, wait_until
from masthead.testing.raw_upstream import Peer, RawUpstream

pytestmark = pytest.mark.integration

CONNECTION = '[connections.up]\nbase_url = "{url}"\nallow_networks = ["loopback"]\n'
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


class OneDocument(NoDocuments):
    """One project has a connection of its own, unless the database is away."""

    is_away = False
    given: object = {"connections": {"own": {}}}

    def changes(self, since: int) -> tuple[int, tuple[ProjectId, ...]]:
        """Return that project."""
        if self.is_away and since == 0:
            raise StoreError("away")
        return 1, (ProjectId("shop"),) if since == 0 else ()

    def document(self, project: ProjectId) -> Stored | None:
        """Return its document."""
        return Stored(1, self.given) if project == "shop" else None


def ready(gateway: RunningGateway) -> tuple[int, str]:
    answer = httpx.get(f"{gateway.url}/ready", timeout=10)
    return answer.status_code, answer.json()["status"]


def test_a_gateway_is_ready_once_its_file_has_a_connection_though_nobody_has_called_yet(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    with gateway_at(file) as gateway:
        assert ready(gateway) == (503, "no connection is configured")
        file.write_text(CONNECTION.format(url="http://127.0.0.1:1"))
        wait_until(lambda: ready(gateway) == (200, "ready"), "the connection is seen")


def test_a_gateway_whose_projects_alone_have_connections_is_ready(tmp_path: Path) -> None:
    documents = OneDocument()
    with gateway_at(tmp_path / "gateway.toml", documents=documents) as gateway:
        assert ready(gateway) == (200, "ready")
        documents.given = {"limits": [], "connections": {}}
        assert ready(gateway) == (503, "no connection is configured")
        documents.is_away = True
        assert ready(gateway) == (503, "no connection is configured")


def test_a_gateway_that_ends_finishes_what_is_under_way_and_takes_no_more(tmp_path: Path) -> None:
    is_asked, may_answer = threading.Event(), threading.Event()

    def talk(peer: Peer) -> None:
        while peer.request():
            is_asked.set()
            may_answer.wait(20)
            peer.answer(b'{"id": "c", "object": "chat.completion", "choices": []}')

    answers: list[int] = []
    with RawUpstream(talk) as upstream:
        file = tmp_path / "gateway.toml"
        file.write_text(CONNECTION.format(url=upstream.url))

        def ask(url: str) -> None:
            answers.append(httpx.post(f"{url}/v1/chat/completions", json=CHAT, timeout=30).status_code)

        with gateway_at(file) as gateway:
            caller = threading.Thread(target=ask, args=(gateway.url,))
            caller.start()
            assert is_asked.wait(20)
            threading.Timer(0.3, may_answer.set).start()
        caller.join(20)
        with pytest.raises(httpx.TransportError):
            ready(gateway)
    assert answers == [200]
