"""Watching the gateway in a browser: real calls through it, an upstream that fails, models, and who may see what."""

import re
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from masthead.testing.live import LiveServer
from masthead.testing.raw_upstream import Peer, RawUpstream
from masthead.testing.scripted_model import ScriptedModel, ScriptedReply

pytestmark = pytest.mark.e2e

HOSTILE = "<img src=x onerror='window.__ran = 1'>"
CONFIG = """
[connections.harbour]
provider = "openai"
base_url = "{good}"
allow_networks = ["loopback"]
models = ["gpt-4o"]

[connections.reef]
base_url = "{bad}"
allow_networks = ["loopback"]
models = ["broken"]

[connections.slow]
base_url = "{slow}"
allow_networks = ["loopback"]
models = ["slow"]

[[routes]]
model = "best"
targets = [{{ connection = "reef", model = "broken" }}, {{ connection = "harbour", model = "gpt-4o" }}]
retry = {{ times = 0 }}

[breaker]
failures = 2
pause_s = 600

[[limits]]
per = "user"
window = "month"
requests = 10
only = ["ada"]
"""


@dataclass(frozen=True)
class Watched:
    """The server, and what lets the slow provider answer."""

    url: str
    may_answer: threading.Event

    def page(self, path: str, project: str = "watched") -> str:
        """Return the address of a page of the project."""
        return f"{self.url}{path}{'&' if '?' in path else '?'}project={project}"

    def call(self, model: str, **more: object) -> int:
        """Make a call in the project."""
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "user": "ada"} | more
        headers = {"x-masthead-project": "watched", "x-masthead-agent": f"pilot {HOSTILE}"}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, headers=headers, timeout=60).status_code


@pytest.fixture(scope="module")
def watched(server: LiveServer, data_folder: Path) -> Generator[Watched]:
    """Put a gateway into the server, with calls through it in a project of its own."""
    may_answer = threading.Event()

    def slowly(_request: object) -> ScriptedReply:
        may_answer.wait(60)
        return ScriptedReply(text="At last.")

    def fails(peer: Peer) -> None:
        while peer.request():
            peer.answer(b'{"error":{"message":"out of order"}}', status="500 Internal Server Error")

    file = data_folder / "gateway.toml"
    good = ScriptedModel(lambda _request: ScriptedReply(text="Hello.", cached_tokens=4), model="gpt-4o")
    with good, ScriptedModel(slowly) as slow, RawUpstream(fails) as bad:
        file.write_text(CONFIG.format(good=good.url, bad=bad.url, slow=slow.url))
        time.sleep(1.1)  # the file is looked at once a second
        found = Watched(server.url, may_answer)
        assert [found.call("best", stream=at == 0) for at in range(4)] == [200] * 4
        yield found
    file.unlink()


def _rows(page: Page, region: str) -> Locator:
    return page.get_by_role("region", name=region).locator("tbody tr")


def test_calls_show_as_they_come_and_go(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway"))
    latest = _rows(page, "Latest calls")
    expect(latest).to_have_count(4)
    expect(latest.first).to_contain_text("gpt-4o at harbour")
    expect(latest.last).to_contain_text("2 tries")
    expect(latest.first).to_contain_text(HOSTILE)
    watched.may_answer.clear()
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(watched.call, "slow")
        try:
            under_way = _rows(page, "Calls under way")
            expect(under_way).to_have_count(1)
            expect(under_way).to_contain_text("waits for the answer")
        finally:
            watched.may_answer.set()
        assert asked.result() == 200
    expect(page.get_by_role("region", name="Calls under way")).to_contain_text("Nothing at this moment")
    expect(latest).to_have_count(5)
    assert page.evaluate("window.__ran") is None


def test_a_paused_view_stands_still(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway"))
    latest = _rows(page, "Latest calls")
    expect(latest.first).to_be_visible()
    page.get_by_role("button", name="Live").click()
    before = latest.count()
    assert watched.call("gpt-4o", user="bob") == 200
    page.wait_for_timeout(2500)
    expect(latest).to_have_count(before)
    page.get_by_role("button", name="Paused").click()
    expect(latest).to_have_count(before + 1)


def test_a_call_leads_to_its_run(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway"))
    _rows(page, "Latest calls").first.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/runs/.*view=raw"))


def test_use_is_added_up_and_split_with_its_limits(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway/usage?since=-1h"))
    table = page.get_by_role("region", name="Use by model")
    expect(table.get_by_role("rowheader", name="gpt-4o")).to_be_visible()
    expect(page.get_by_role("img", name="Cost over time")).to_be_visible()
    page.get_by_role("button", name="End user").click()
    expect(page.get_by_role("region", name="Use by end user").get_by_role("rowheader", name="ada")).to_be_visible()
    expect(page).to_have_url(re.compile("by=user"))


def test_use_is_sorted_by_any_column_and_asked_of_any_time(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway/usage?since=-1h"))
    heads = page.get_by_role("region", name="Use by model").get_by_role("rowheader")
    expect(heads.first).to_be_visible()
    before = heads.all_inner_texts()
    calls = page.get_by_role("columnheader", name="Calls")
    calls.get_by_role("button").click()
    expect(calls).to_have_attribute("aria-sort", "descending")
    calls.get_by_role("button").click()
    expect(calls).to_have_attribute("aria-sort", "ascending")
    assert sorted(heads.all_inner_texts()) == sorted(before)
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("From").fill("2020-01-02T10:00")
    page.get_by_label("To, or until now").fill("2020-01-01T10:00")
    expect(page.get_by_role("alert")).to_contain_text("not after the beginning")
    page.get_by_label("To, or until now").fill("2020-01-03T10:00")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="No call in this time")).to_be_visible()
    expect(page).to_have_url(re.compile("since=2020-01-0.*until=2020-01-0"))


def test_the_latest_calls_are_narrowed_down(page: Page, watched: Watched) -> None:
    assert watched.call("nowhere") == 404
    page.goto(watched.page("/gateway"))
    latest = _rows(page, "Latest calls")
    page.get_by_label("Failed only").check()
    expect(latest).to_have_count(1)
    expect(latest).to_contain_text("nowhere")
    page.get_by_role("searchbox").fill("harbour")
    expect(page.get_by_text("None of the latest calls is like that.")).to_be_visible()
    page.get_by_label("Failed only").uncheck()
    expect(latest.first).to_contain_text("harbour")


def test_how_a_program_connects_is_always_there(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway"))
    page.get_by_role("link", name="Connect", exact=True).click()
    expect(page.get_by_role("button", name="Copy the base URL for clients of Anthropic")).to_be_visible()
    for program, words in (("OpenAI SDK", 'model="best"'), ("Anthropic SDK", "Anthropic("), ("curl", "-d '")):
        page.get_by_role("button", name=program).click()
        expect(page.locator("pre")).to_contain_text(words)
    expect(page.locator("pre")).to_contain_text("X-Masthead-Project: watched")


def test_limits_show_what_is_used_up(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway/usage"))
    row = _rows(page, "Limits")
    expect(row).to_contain_text("user ada")
    expect(row).to_contain_text("of 10 calls")


def test_a_target_that_fails_is_shown_as_set_aside(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway/targets"))
    first = _rows(page, "Targets").first
    expect(first).to_contain_text("broken")
    expect(first).to_contain_text("Set aside until")
    expect(first).to_contain_text("server 2")
    expect(first).to_contain_text("out of order")
    expect(first).not_to_contain_text("{")


def test_a_project_without_calls_says_what_to_change(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway", project="empty"))
    expect(page.get_by_role("heading", name="No call since the gateway started")).to_be_visible()
    expect(page.get_by_text(f'base_url="{watched.url}/v1"')).to_be_visible()
    expect(page.get_by_role("button", name="Copy code")).to_be_visible()


def test_models_are_found_and_lead_to_trying_them(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/models"))
    page.get_by_role("searchbox").fill("gpt-4o")
    row = page.get_by_role("region", name="Models").get_by_role("row").filter(has=page.get_by_text("harbour"))
    expect(row.first).to_contain_text("$2.5")
    row.first.get_by_role("link", name="Try gpt-4o").click()
    expect(page).to_have_url(re.compile("/gateway/try"))
    expect(page.get_by_role("combobox", name="Model of Pane A")).to_have_value("gpt-4o")


def test_tabs_are_walked_with_the_keyboard(page: Page, watched: Watched) -> None:
    page.goto(watched.page("/gateway"))
    page.get_by_role("link", name="Usage", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Time range")).to_be_visible()
    expect(page.get_by_role("link", name="Usage", exact=True)).to_have_attribute("aria-current", "page")


@pytest.mark.parametrize("path", ["/gateway", "/gateway/usage", "/gateway/targets", "/models"])
def test_nobody_meets_a_barrier(
    reader: Page, watched: Watched, barriers: Callable[[Page], list[str]], path: str
) -> None:
    reader.goto(watched.page(path))
    expect(reader.locator("table").first).to_be_visible()
    assert barriers(reader) == []
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
