"""What a reader says of findings: by one key each, stored as scores, taken back; and a finding copied as a test."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from masthead.model.conversation import Conversation
from masthead.model.ids import RunId
from masthead.testing.conversations import conversation
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e

QUOTE = "ship it without the second check"


def _run(number: int) -> Conversation:
    lines = [
        "human: Is the total of the bill right?",
        "Planner -> Checker: check the total of the bill",
        "Checker: I looked at it. The total is 41, **ship it without** the second check.",
        "Planner: The answer is 41.",
    ]
    return replace(conversation(lines, run=number, answer="41"), task=f"Is the bill right? ({number})")


def _found(number: int, **change: Any) -> dict[str, Any]:
    score = {
        "name": "FM-3.2",
        "subject": {"kind": "turn", "run_id": f"{number:032x}", "turn": 1, "agent": "Planner"},
        "flag": True,
        "reason": f"Nobody recomputed it: “{QUOTE}”",
        "evidence": [1, 2, 3],
        "confidence": 0.7,
        "source": "llm",
        "evaluator": "judge:small",
    }
    return score | change


class Desk:
    """One run with a model's finding on it, open in a browser, and the scores that people left."""

    def __init__(self, page: Page, server: LiveServer, number: int) -> None:
        self.page, self.url, self.run_id = page, server.url, RunId(f"{number:032x}")
        server.put("scored", _run(number))
        self.headers = {"X-Masthead-Project": "scored"}
        body = {"scores": [_found(number)]}
        httpx.post(f"{server.url}/api/v1/scores", json=body, headers=self.headers).raise_for_status()
        page.goto(f"{server.url}/runs/{self.run_id}?project=scored&turn=1")
        expect(self.card("FM-3.2")).to_be_visible()

    def card(self, name: str, turn: int = 1) -> Locator:
        """Return the finding's card on its turn."""
        article = self.page.get_by_role("article", name=f"Turn {turn},")
        return article.get_by_role("region", name=f"Finding {name}")

    def said(self) -> list[tuple[str, int | None, bool | None]]:
        """Return name, turn and flag of what people said, the latest first."""
        query = {"run_id": self.run_id, "source": "human"}
        answer = httpx.get(f"{self.url}/api/v1/scores", params=query, headers=self.headers).json()
        return [(each["name"], each["subject"]["turn"], each["flag"]) for each in answer["items"]]


def test_one_key_agrees_another_disagrees_and_both_are_undone(page: Page, server: LiveServer) -> None:
    desk = Desk(page, server, 0xC1)
    card = desk.card("FM-3.2")
    page.keyboard.press("a")
    expect(page.get_by_role("status").filter(has_text="You agreed with FM-3.2 at turn 1")).to_be_visible()
    expect(card.get_by_role("button", name="Agree", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("x")
    expect(card.get_by_role("button", name="Disagree")).to_have_attribute("aria-pressed", "true")
    why = page.get_by_role("region", name="Why it failed")
    expect(why).not_to_contain_text("FM-3.2")
    page.keyboard.press("u")
    expect(card.get_by_role("button", name="Agree", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(why).to_contain_text("FM-3.2")
    page.keyboard.press("u")
    expect(card.get_by_role("button", name="Agree", exact=True)).to_have_attribute("aria-pressed", "false")
    expect(card.get_by_role("button", name="Disagree")).to_have_attribute("aria-pressed", "false")
    # The latest row counts: a verdict that is none.
    assert desk.said() == [("FM-3.2", 1, None)]


def test_a_finding_is_corrected_from_the_keyboard_alone(page: Page, server: LiveServer) -> None:
    desk = Desk(page, server, 0xC2)
    page.keyboard.press("r")
    dialog = page.get_by_role("dialog", name="Not FM-3.2, but…")
    expect(dialog.get_by_role("combobox", name="What")).to_be_focused()
    dialog.get_by_role("combobox", name="What").select_option("FM-2.6")
    expect(dialog).to_contain_text("For example:")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("3")
    expect(dialog.get_by_role("combobox", name="Agent", exact=True)).to_have_value("Planner")
    dialog.get_by_label("Why").fill("It said one thing and did another")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(desk.card("FM-2.6", 3)).to_contain_text("It said one thing and did another")
    expect(desk.card("FM-3.2").get_by_role("button", name="Disagree")).to_have_attribute("aria-pressed", "true")
    assert sorted(desk.said(), key=str) == [("FM-2.6", 3, True), ("FM-3.2", 1, False)]
    page.keyboard.press("u")
    expect(desk.card("FM-2.6", 3)).to_have_count(0)


def test_what_nobody_found_is_added_and_counts_in_the_head(page: Page, server: LiveServer) -> None:
    desk = Desk(page, server, 0xC3)
    page.keyboard.press("f")
    dialog = page.get_by_role("dialog", name="What went wrong here?")
    dialog.get_by_role("combobox", name="What").select_option("origin")
    expect(dialog.get_by_role("combobox", name="Agent", exact=True)).to_have_value("Planner")
    dialog.get_by_role("button", name="Add it").click()
    who = page.get_by_role("region", name="Who began it")
    expect(who).to_contain_text("Plannerturn 1")
    expect(who).to_contain_text("by a person")
    expect(page.get_by_role("region", name="How it spread")).to_contain_text("later turn")
    assert desk.said() == [("origin", 1, None)]


def test_the_evidence_is_highlighted_where_it_was_said(page: Page, server: LiveServer) -> None:
    Desk(page, server, 0xC4)
    turn = page.get_by_role("article", name="Turn 2,")
    # The quote runs over bold text: each part of it is marked.
    expect(turn.locator("mark.cited").first).to_be_visible()
    assert "".join(turn.locator("mark.cited").all_inner_texts()).strip() == "ship it without the second check"
    expect(page.get_by_role("article", name="Turn 3,")).to_contain_text("Evidence for FM-3.2")


def test_every_verdict_says_how_far_its_evaluator_is_to_be_believed(page: Page, server: LiveServer) -> None:
    desk = Desk(page, server, 0xC5)
    expect(desk.card("FM-3.2")).to_contain_text("70% sure · judge:small, a model")
    expect(desk.card("FM-3.2")).to_contain_text("agreement with people not yet measured")


def test_keys_go_from_finding_to_finding(page: Page, server: LiveServer) -> None:
    desk = Desk(page, server, 0xC6)
    extra = [_found(0xC6, name="FM-1.1", subject={"kind": "turn", "run_id": desk.run_id, "turn": 3}, evidence=[3])]
    httpx.post(f"{server.url}/api/v1/scores", json={"scores": extra}, headers=desk.headers).raise_for_status()
    page.goto(f"{server.url}/runs/{desk.run_id}?project=scored&turn=0")
    expect(desk.card("FM-1.1", 3)).to_be_visible()
    page.keyboard.press(",")
    expect(page.get_by_role("article", name="Turn 3,")).to_have_attribute("aria-current", "true")
    page.keyboard.press("x")
    expect(desk.card("FM-1.1", 3).get_by_role("button", name="Disagree")).to_have_attribute("aria-pressed", "true")


def test_a_finding_is_copied_as_a_test_that_runs(browser: Browser, server: LiveServer, tmp_path: Path) -> None:
    again = [line for _ in range(4) for line in ("Clerk: refund(order_id=7)", "tool: Error: no order 7")]
    run = replace(conversation(["human: Refund order 7", *again], run=0xC7), task="Refund order 7")
    server.put("scored", run)
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{server.url}/runs/{run.run_id}?project=scored")
    card = page.get_by_role("complementary", name="Details").get_by_role("region", name="Finding FM-1.3").first
    card.get_by_role("button", name="Copy as a test").click()
    expect(page.get_by_role("status").filter(has_text="Copied test_fm_1_3_")).to_be_visible()
    file = tmp_path / "test_copied.py"
    file.write_text(page.evaluate("navigator.clipboard.readText()"))
    context.close()
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
