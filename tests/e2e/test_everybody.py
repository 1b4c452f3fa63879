"""Every page and dialog for everybody: axe's rules in both themes, the keyboard alone, no motion for those who ask."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e
Barriers = Callable[[Page], list[str]]

SAMPLE = "I want a refund for order 5555."
OTHER = "Please refund order 1042, the kettle leaks."
PAGES = ("failures", "compare", "agreement", "overview", "lists", "settings")
FOCUS = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const around = element.closest('label, .find, .query, fieldset');
  const outer = around ? getComputedStyle(around) : style;
  const isMarked = style.outlineStyle !== 'none' || style.boxShadow !== 'none'
    || outer.outlineStyle !== 'none' || outer.boxShadow !== 'none' || outer.borderColor !== '';
  return {
    name: (element.getAttribute('aria-label') || element.textContent || element.tagName).trim().slice(0, 40),
    isMarked, isSeen: box.width > 0 && box.height > 0,
  };
}"""


def _run_of(server: LiveServer, task: str) -> str:
    runs = httpx.get(f"{server.url}/api/v1/runs", params={"limit": 500}).raise_for_status().json()["items"]
    return next(str(run["run_id"]) for run in runs if (run["task"] or "").startswith(task))


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_for_everybody(reader: Page, server: LiveServer, barriers: Barriers, name: str) -> None:
    reader.goto(f"{server.url}/{name}")
    expect(reader.get_by_role("heading").first).to_be_visible()
    assert barriers(reader) == []
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_reader_does_with_a_run_is_for_everybody(reader: Page, server: LiveServer, barriers: Barriers) -> None:
    run, other = _run_of(server, SAMPLE), _run_of(server, OTHER)
    reader.goto(f"{server.url}/runs/{run}?turn=4")
    expect(reader.locator(".verdict .found-item").first).to_be_visible()
    expect(reader.locator(".findings .finding").first).to_be_visible()
    cards = "[...document.querySelectorAll('.findings .finding')].map(each => each.getBoundingClientRect().right)"
    assert max(reader.evaluate(cards)) <= reader.evaluate("innerWidth")
    assert barriers(reader) == []
    for key, name in (("r", "Not FM-1.3, but…"), ("b", "Compare with another run"), ("?", "Keyboard shortcuts")):
        reader.keyboard.press(key)
        expect(reader.get_by_role("dialog", name=name)).to_be_visible()
        assert barriers(reader) == [], name
        reader.keyboard.press("Escape")
        expect(reader.get_by_role("dialog")).to_have_count(0)
    reader.goto(f"{server.url}/runs/{run}/beside/{other}")
    expect(reader.locator(".beside-row").first).to_be_visible()
    assert barriers(reader) == []
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_moves_for_those_who_ask_for_no_motion(reader: Page, server: LiveServer) -> None:
    reader.goto(f"{server.url}/runs/{_run_of(server, SAMPLE)}")
    expect(reader.locator(".turn").first).to_be_visible()
    for key in "2345":
        reader.keyboard.press(key)
    reader.wait_for_load_state("networkidle")
    assert reader.evaluate("document.getAnimations().filter((each) => each.playState === 'running').length") == 0


def test_a_run_is_read_and_judged_with_the_keyboard_alone(page: Page, server: LiveServer) -> None:
    page.goto(server.url)
    expect(page.locator(".row-run").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type("refund for order 5555")
    page.keyboard.press("Enter")
    expect(page.locator(".row-run")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(SAMPLE)
    expect(page.locator(".verdict .found-item").first).to_be_visible()
    page.keyboard.press(".")
    expect(page.locator(".turn.is-selected .finding.is-current")).to_be_visible()
    seen: list[str] = []
    for _ in range(70):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            break
        assert focus["isSeen"], focus
        assert focus["isMarked"], focus
        seen.append(focus["name"])
    assert len(set(seen)) > 20
