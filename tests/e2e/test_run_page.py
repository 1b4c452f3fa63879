"""One run, in a real browser against the real server."""

import re
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
from playwright.sync_api import Page, expect

from masthead.model.conversation import Act, Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.live import LiveServer

pytestmark = pytest.mark.e2e

PLANNER, CODER, SHELL = AgentId("Planner"), AgentId("Coder"), AgentId("shell")
SECOND_NS = 1_000_000_000
FIRST_NS = 1_795_000_000_000_000_000


def _conversation(number: int, rounds: int) -> Conversation:
    """Each round is four turns: a handoff, a tool's call, its answer, and a message."""
    turns: list[Turn] = []
    for each in range(rounds):
        at = FIRST_NS + each * 4 * SECOND_NS
        call = f"call-{each}"
        parts = (
            Turn(
                index=0, speaker=PLANNER, addressees=(CODER,), act=Act.HANDOFF, text=f"Round {each}: mend the **helm**"
            ),
            Turn(
                index=0,
                speaker=CODER,
                act=Act.TOOL_CALL,
                tool_name="run_tests",
                tool_arguments=f'{{"suite": "helm-{each}"}}',
                tool_call_id=call,
                model="gpt-4o",
                input_tokens=100,
                output_tokens=20,
                cost_usd=Decimal("0.001"),
            ),
            Turn(
                index=0,
                speaker=SHELL,
                addressees=(CODER,),
                act=Act.TOOL_RESULT,
                text=f"Traceback {each}\nAssertionError\nthe rudder is loose",
                tool_call_id=call,
                is_error=True,
            ),
            Turn(
                index=0, speaker=CODER, addressees=(PLANNER,), text=f"Round {each} failed", reasoning="It is the rudder"
            ),
        )
        for place, part in enumerate(parts):
            start = at + place * SECOND_NS
            turns.append(replace(part, index=len(turns), start_ns=start, end_ns=start + SECOND_NS // 2))
    return Conversation(
        run_id=RunId(f"{number:032x}"),
        system="ship",
        task="Mend the helm\n\nThe helm does not answer since Tuesday.",
        agents=(
            Agent(id=PLANNER, name="Planner"),
            Agent(id=CODER, name="Coder"),
            Agent(id=SHELL, name="shell", kind="tool"),
        ),
        turns=tuple(turns),
        ending=Ending(kind=EndingKind.LIMIT, reason="40 rounds are enough", answer="It is broken"),
        is_success=False,
    )


@pytest.fixture(scope="module")
def mended(server: LiveServer) -> str:
    """Bring a run of 160 turns in and return its address."""
    conversation = _conversation(0xA1, 40)
    server.put("scored", conversation)
    return f"{server.url}/runs/{conversation.run_id}?project=scored"


def test_answers_how_it_ended_and_what_it_cost_at_the_top(page: Page, mended: str) -> None:
    page.goto(mended)
    expect(page.get_by_role("heading", level=1)).to_have_text("Mend the helm")
    head = page.locator(".run-head")
    for text in ("Failure", "Stopped at a limit", "40 rounds are enough", "ship", "160", "4,800", "$0.04"):
        expect(head).to_contain_text(text)
    page.get_by_role("button", name="Whole task").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("since Tuesday")


def test_reads_as_a_conversation(page: Page, mended: str) -> None:
    page.goto(mended)
    seam = page.locator(".turn-handoff").first
    expect(seam).to_contain_text("Planner")
    expect(seam).to_contain_text("Coder")
    expect(seam.locator("strong")).to_have_text("helm")
    call = page.get_by_role("button", name="run_tests").first
    expect(call).to_have_attribute("aria-expanded", "false")
    call.click()
    expect(page.locator(".tool-whole").first).to_contain_text("helm-0")
    expect(page.locator(".result.is-bad").first).to_contain_text("Error from shell")
    reasoning = page.locator(".reasoning").first
    expect(reasoning).not_to_have_attribute("open", "")
    reasoning.locator("summary").click()
    expect(reasoning).to_contain_text("It is the rudder")


def test_a_link_leads_to_its_turn(page: Page, mended: str) -> None:
    page.goto(f"{mended}&turn=121")
    turn = page.get_by_role("article", name="Turn 121")
    expect(turn).to_be_in_viewport()
    expect(turn).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("complementary", name="Details")).to_contain_text("Turn 121")


def test_keys_go_from_turn_to_turn_and_from_view_to_view(page: Page, mended: str) -> None:
    page.goto(mended)
    expect(page.locator(".turn").first).to_be_visible()
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.get_by_role("article", name="Turn 1,")).to_have_attribute("aria-current", "true")
    page.keyboard.press("e")
    expect(page.locator(".tool-whole")).to_be_visible()
    page.keyboard.press("]")
    expect(page.get_by_role("article", name="Turn 4,")).to_have_attribute("aria-current", "true")
    page.keyboard.press("2")
    expect(page.get_by_role("button", name="Turn 4, Planner, handoff")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("5")
    expect(page.get_by_role("heading", name="Read as turn 4")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_role("article", name="Turn 4,")).to_have_attribute("aria-current", "true")
    page.keyboard.press("i")
    expect(page.get_by_role("complementary", name="Details")).to_have_count(0)


def test_finds_words_in_the_whole_run(page: Page, mended: str) -> None:
    page.goto(mended)
    expect(page.locator(".turn").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("round 31")
    expect(page.get_by_role("status")).to_have_text("–/2")
    page.keyboard.press("Enter")
    turn = page.get_by_role("article", name="Turn 124,")
    expect(turn).to_be_in_viewport()
    expect(turn.locator("mark:not(.cited)")).to_have_text("Round 31")
    page.keyboard.press("Escape")
    expect(page.locator("mark:not(.cited)")).to_have_count(0)


def test_singles_out_one_agent_with_what_it_was_told(page: Page, mended: str) -> None:
    page.goto(mended)
    page.get_by_role("button", name=re.compile(r"^Planner \d+$")).click()
    expect(page.locator(".only")).to_contain_text("Only what Planner said and was told")
    shown = page.locator(".turn")
    expect(shown.nth(0)).to_contain_text("Round 0: mend the helm")
    expect(shown.nth(1)).to_contain_text("Round 0 failed")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".only")).to_have_count(0)


def test_draws_the_flow_by_agent_with_its_loop(page: Page, mended: str) -> None:
    page.goto(f"{mended}&view=flow")
    expect(page.locator(".flow-node")).to_have_count(3)
    edge = page.get_by_role("button", name="Planner to Coder: 40 times, 40 handoffs, part of a loop")
    edge.click()
    page.get_by_label("Turns from Planner to Coder").get_by_role("button", name="156").click()
    expect(page.get_by_role("article", name="Turn 156,")).to_be_in_viewport()


def test_shows_the_waterfall_and_a_span_as_recorded(page: Page, mended: str) -> None:
    page.goto(f"{mended}&view=timeline")
    rows = page.locator(".span-row")
    expect(rows.first).to_be_visible()
    rows.nth(2).locator(".span-open").click()
    record = page.locator(".record")
    expect(record).to_contain_text("Attributes")
    record.get_by_label("Find in the attributes").fill("helm-0")
    expect(record.locator(".attributes").first).to_contain_text("helm-0")
    page.get_by_role("button", name="Fold").first.click()
    expect(rows).to_have_count(1)


def test_people_agree_or_disagree_with_a_finding(page: Page, mended: str, server: LiveServer) -> None:
    run_id = f"{0xA1:032x}"
    score = {
        "name": "FM-1.3",
        "subject": {"kind": "turn", "run_id": run_id, "turn": 5},
        "flag": True,
        "reason": "The same tests are run again",
        "evidence": [5, 9],
        "confidence": 0.82,
        "source": "code",
        "evaluator": "repeated-step",
    }
    headers = {"X-Masthead-Project": "scored"}
    httpx.post(f"{server.url}/api/v1/scores", json={"scores": [score]}, headers=headers).raise_for_status()
    page.goto(f"{mended}&turn=5")
    card = page.get_by_role("article", name="Turn 5,").get_by_role("region", name="Finding FM-1.3")
    expect(card).to_contain_text("82% sure")
    expect(page.get_by_role("article", name="Turn 9,")).to_contain_text("Evidence for FM-1.3")
    card.get_by_role("button", name="Disagree").click()
    expect(card.get_by_role("button", name="Disagree")).to_have_attribute("aria-pressed", "true")
    found = httpx.get(f"{server.url}/api/v1/scores", params={"run_id": run_id, "source": "human"}, headers=headers)
    assert [each["flag"] for each in found.json()["items"]] == [False]
    page.keyboard.press("a")
    expect(card.get_by_role("button", name="Agree", exact=True)).to_have_attribute("aria-pressed", "true")
    why = page.get_by_role("region", name="Why it failed")
    expect(why).to_contain_text("FM-1.3Step repetition")


def test_a_run_of_thirty_thousand_turns_opens_and_jumps_to_its_end(page: Page, server: LiveServer) -> None:
    conversation = _conversation(0xB2, 7_500)
    server.put("long", conversation)
    page.goto(f"{server.url}/runs/{conversation.run_id}?project=long")
    expect(page.locator(".turn").first).to_contain_text("Round 0", timeout=60_000)
    assert page.locator(".chat-row").count() < 60
    page.goto(f"{server.url}/runs/{conversation.run_id}?project=long&turn=29999")
    expect(page.get_by_role("article", name="Turn 29999,")).to_be_in_viewport(timeout=60_000)
    page.keyboard.press("2")
    expect(page.get_by_role("button", name="Turn 29999, Coder, message")).to_be_in_viewport()
    assert page.locator(".block").count() < 200


def test_says_that_there_is_no_such_run(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/runs/{'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text("Not found")


def test_says_that_there_is_no_such_page(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/nowhere/at/all")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
