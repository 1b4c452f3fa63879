"""The list of runs, in a real browser against the real server."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from masthead.model.conversation import Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e


def _small(number: int) -> Conversation:
    agent = AgentId("Lookout")
    return Conversation(
        run_id=RunId(f"{number:032x}"),
        task=f"Watch number {number}",
        agents=(Agent(id=agent, name="Lookout"),),
        turns=(Turn(index=0, speaker=agent, text="Land ahoy"),),
        ending=Ending(kind=EndingKind.COMPLETED),
    )


def test_lists_the_samples_with_what_they_cost_and_how_they_ended(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    expect(page.get_by_role("link", name="I want a refund for order 5555.")).to_be_visible()
    expect(page.locator(".row-run").first.locator(".badge")).to_have_text(re.compile("Success|Failure|Error|Unknown"))
    expect(page.locator("figcaption")).to_contain_text("runs")


def test_filters_by_the_query_bar_and_keeps_it_in_the_address(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    bar = page.get_by_role("combobox", name="Filter runs")
    bar.fill("outcome:success kettle")
    expect(page.get_by_role("link", name="One kettle, please.")).to_be_visible()
    expect(page.locator(".row-run")).to_have_count(1)
    assert "q=outcome%3Asuccess+kettle" in page.url
    page.reload()
    expect(bar).to_have_value("outcome:success kettle")
    expect(page.locator(".row-run")).to_have_count(1)


def test_says_what_it_cannot_read_in_a_query(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/?q=outcome:won")
    expect(page.get_by_role("alert")).to_contain_text("outcome:won is not known")


def test_a_facet_writes_its_term_into_the_query(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    page.locator(".facets").get_by_role("button", name="Agent").click()
    page.locator(".menu-item", has_text="Refunds").click()
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value("agent:Refunds")
    expect(page.locator(".row-run")).to_have_count(3)


def test_works_by_keyboard_from_end_to_end(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    expect(page.locator(".row-run").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator('[data-row="1"]')).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator('[data-row="0"]')).to_be_focused()
    title = page.locator('[data-row="0"]').inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.keyboard.press("g")
    expect(page.locator(".row-run").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Filter runs")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_completes_terms_by_keyboard(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    expect(page.locator(".facets button").first).to_be_visible()
    bar = page.get_by_role("combobox", name="Filter runs")
    bar.press_sequentially("outc")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(bar).to_have_value("outcome:")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(bar).to_have_value(re.compile("outcome:(success|failure) "))


def test_an_empty_project_teaches_and_turns_into_data(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/?project=empty")
    expect(page.get_by_role("heading", name="Send the first run")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(f"OTEL_EXPORTER_OTLP_ENDPOINT={server.url}")
    expect(page.locator("pre")).to_contain_text("X-Masthead-Project=empty")
    page.get_by_role("tab", name="A few lines of Python").click()
    expect(page.locator("pre")).to_contain_text(f'masthead.init(endpoint="{server.url}", project="empty")')
    server.put("empty", _small(1))
    expect(page.get_by_role("link", name="Watch number 1")).to_be_visible(timeout=15_000)


def test_shows_new_runs_by_itself(page: Page, server: LiveServer) -> None:
    server.put("fresh", _small(2))
    page.goto(f"{server.url}/?project=fresh")
    expect(page.get_by_role("link", name="Watch number 2")).to_be_visible()
    server.put("fresh", _small(3))
    expect(page.get_by_role("link", name="Watch number 3")).to_be_visible(timeout=15_000)


def test_keeps_the_project_in_every_address(page: Page, server: LiveServer) -> None:
    server.put("long", _small(4))
    page.goto(f"{server.url}/?project=long")
    page.get_by_role("link", name="Watch number 4").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Watch number 4")
    assert "project=long" in page.url


def test_says_in_words_that_the_server_is_gone(browser: Browser, server: LiveServer) -> None:
    context = browser.new_context()
    gone = context.new_page()
    gone.route("**/api/v1/**", lambda route: route.abort())
    gone.goto(server.url)
    expect(gone.get_by_role("alert")).to_contain_text("The server does not answer")
    gone.unroute("**/api/v1/**")
    gone.get_by_role("button", name="Try again").click()
    expect(gone.locator(".row-run").first).to_be_visible()
    context.close()


def test_says_what_the_server_says_when_it_fails(browser: Browser, server: LiveServer) -> None:
    context = browser.new_context()
    failing = context.new_page()
    problem = {"type": "store", "title": "Store", "status": 500, "detail": "the disk is on fire", "where": None}
    failing.route("**/api/v1/runs?**", lambda route: route.fulfill(status=500, json=problem))
    failing.goto(server.url)
    expect(failing.get_by_role("alert")).to_contain_text("the disk is on fire")
    context.close()


def test_serves_hashed_files_for_ever_and_the_page_never(server: LiveServer) -> None:
    page = httpx.get(server.url)
    script = re.search(r'src="\./(assets/[^"]+\.js)"', page.text)
    assert script is not None
    asset = httpx.get(f"{server.url}/{script[1]}", headers={"Accept-Encoding": "br, gzip"})
    assert page.headers["cache-control"] == "no-cache"
    assert "immutable" in asset.headers["cache-control"]
    assert asset.headers["content-encoding"] == "br"
    assert "<script>" not in page.text


def test_says_in_the_list_what_was_found_and_with_whom_it_began(page: Page, server: LiveServer) -> None:
    server.put("empty", _small(5))
    subject = {"kind": "turn", "run_id": f"{5:032x}", "turn": 0, "agent": "Lookout"}
    by = {"source": "code", "evaluator": "test", "subject": subject}
    code = {**by, "name": "FM-1.3", "flag": True}
    origin = {**by, "name": "origin", "label": "Lookout", "reason": "1. observed: it slept"}
    headers = {"X-Masthead-Project": "empty"}
    httpx.post(f"{server.url}/api/v1/scores", json={"scores": [code, origin]}, headers=headers).raise_for_status()
    page.goto(f"{server.url}/?project=empty")
    row = page.locator(".row-run", has_text="Watch number 5")
    expect(row.locator(".code-chip")).to_have_text("FM-1.3")
    expect(row.locator(".cell-began")).to_have_text("Lookout")


def test_the_overview_counts_runs_and_leads_to_them(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/overview")
    figures = page.locator(".figures")
    expect(figures).to_contain_text("24")
    expect(figures).to_contain_text("of 24 with an outcome")
    page.get_by_role("link", name="sums (plain Python)").click()
    expect(page.get_by_role("combobox", name="Filter runs")).to_have_value('system:"sums (plain Python)"')
    expect(page.locator(".row-run")).to_have_count(5)
