"""Texts that are too long, or that turn the page's own words round, do no harm."""

import pytest
from playwright.sync_api import Page, Request, expect

from masthead.model.conversation import Act, Agent, Conversation, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e

MEGABYTE = 1024 * 1024
OVERRIDE = "\u202e"


def _run(number: int, texts: list[str]) -> Conversation:
    agent = AgentId(f"Bo{OVERRIDE}sun")
    turns = tuple(
        Turn(index=index, speaker=agent, text=text, act=Act.TOOL_RESULT if index % 2 else Act.MESSAGE)
        for index, text in enumerate(texts)
    )
    return Conversation(
        run_id=RunId(f"{number:032x}"), task="Stow it", agents=(Agent(id=agent, name=agent),), turns=turns
    )


def test_a_turn_of_ten_megabytes_is_folded_and_the_page_goes_on(page: Page, server: LiveServer) -> None:
    line = "<script>window.__ran = 1</script> **all** of it "
    run = _run(0xA10, [line * (10 * MEGABYTE // len(line)), "x" * MEGABYTE, "the end"])
    server.put("hostile", run)
    page.goto(f"{server.url}/runs/{run.run_id}?project=hostile")
    first = page.get_by_role("article", name="Turn 0,")
    expect(first).to_contain_text("of it", timeout=60_000)
    expect(first.get_by_role("button", name="Show all")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("article", name="Turn 2,")).to_have_attribute("aria-current", "true")
    assert page.evaluate("document.body.innerText.length") < MEGABYTE
    assert page.evaluate("window.__ran") is None


def test_a_text_that_turns_the_direction_turns_only_itself(page: Page, server: LiveServer) -> None:
    run = _run(0xA11, [f"safe {OVERRIDE}exe.gpj", f"\x1b[31m{OVERRIDE}red\x1b[0m and on"])
    server.put("hostile", run)
    page.goto(f"{server.url}/runs/{run.run_id}?project=hostile")
    expect(page.get_by_role("article", name="Turn 1,")).to_contain_text("and on")
    open_ended = page.evaluate(
        """(override) => {
          const walk = document.createTreeWalker(document.querySelector('#root'), NodeFilter.SHOW_TEXT);
          const found = [];
          for (let node = walk.nextNode(); node; node = walk.nextNode()) {
            if (!node.data.includes(override)) continue;
            let element = node.parentElement;
            while (element && getComputedStyle(element).display === 'inline'
              && getComputedStyle(element).unicodeBidi === 'normal') element = element.parentElement;
            const style = element && getComputedStyle(element);
            if (!style || (style.display === 'inline' && style.unicodeBidi === 'normal')) found.push(node.data);
          }
          return found;
        }""",
        OVERRIDE,
    )
    assert open_ended == []


def test_nothing_a_run_says_is_fetched_from_elsewhere(page: Page, server: LiveServer) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((server.url, "data:", "blob:")):
            asked.append(request.url)

    page.on("request", note)
    text = "![p](https://evil.example/p.png) <img src=https://evil.example/q.png> [l](https://evil.example/l)"
    run = _run(0xA12, [text, text])
    server.put("hostile", run)
    page.goto(f"{server.url}/runs/{run.run_id}?project=hostile")
    expect(page.get_by_role("article", name="Turn 0,")).to_contain_text("image: p")
    page.get_by_role("link", name="l", exact=True).first.hover()
    page.wait_for_load_state("networkidle")
    assert asked == []
