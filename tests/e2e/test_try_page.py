"""Trying models in two panes, in a real browser, through the real gateway, against an upstream that streams."""

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from masthead.testing.chatting_upstream import HUGE_BYTES, ChattingUpstream
from masthead.testing.live import LiveServer, gateway_file

pytestmark = pytest.mark.e2e

ATTACKS = (
    "<img src=x onerror='window.__ran = 1'> [click](javascript:window.__ran=2) <script>window.__ran = 3</script> "
    "\x1b[31mred\x1b[0m \x1b]8;;javascript:window.__ran=4\x07here\x1b]8;;\x07 ![p](https://evil.example/p.png)"
)
SAID = {
    "north": "The depth at the mouth is seven fathoms at low water.",
    "south": "The depth at the mouth is **eight** fathoms at low water.",
    "hostile": ATTACKS,
}
CONFIG = """
[connections.harbour]
provider = "openai-compatible"
base_url = "{url}"
allow_networks = ["loopback"]
models = ["north", "south", "hostile", "endless", "busy", "broken", "huge", "caller"]

[[routes]]
model = "best"
targets = [{{ connection = "harbour", model = "busy" }}, {{ connection = "harbour", model = "north" }}]
retry = {{ times = 0 }}
"""


@dataclass(frozen=True)
class Harbour:
    """The server, and the provider behind its gateway."""

    url: str
    upstream: ChattingUpstream

    @property
    def page(self) -> str:
        """Where models are tried."""
        return f"{self.url}/gateway/try?project=tried"


@pytest.fixture(scope="module")
def harbour(server: LiveServer, data_folder: Path) -> Generator[Harbour]:
    """Put a provider that streams behind the server's gateway."""
    httpx.post(f"{server.url}/api/v1/projects", json={"id": "tried"}).raise_for_status()
    with (
        ChattingUpstream(SAID, reasoning=f"Soundings. {ATTACKS}") as upstream,
        gateway_file(server, data_folder, CONFIG.format(url=upstream.url)),
    ):
        yield Harbour(server.url, upstream)


def _answer(page: Page, pane: str = "Pane A") -> Locator:
    return page.get_by_role("region", name=f"Answer of {pane}")


def _choose(page: Page, model: str, pane: str = "Pane A") -> None:
    page.get_by_role("combobox", name=f"Model of {pane}").fill(model)
    page.keyboard.press("Escape")


def _ask(page: Page, harbour: Harbour, model: str, text: str = "How deep?") -> None:
    page.goto(harbour.page)
    _choose(page, model)
    page.get_by_label("Message 1", exact=True).fill(text)
    page.get_by_role("button", name="Send Pane A only").click()


def test_two_models_answer_beside_each_other_with_what_they_took(page: Page, harbour: Harbour) -> None:
    page.goto(harbour.page)
    page.get_by_label("System prompt").fill("You are the pilot.")
    page.get_by_label("Message 1", exact=True).fill("How deep is it?")
    _choose(page, "best")
    _choose(page, "south", "Pane B")
    page.keyboard.press("Control+Enter")
    first, second = _answer(page), _answer(page, "Pane B")
    expect(first).to_contain_text("seven fathoms")
    expect(second.locator("strong", has_text="eight")).to_be_visible()
    for fact in ("Tokens in412384 cached", "Tokens out57", "Price$0"):
        expect(first).to_contain_text(fact)
    expect(second).to_contain_text("Priceunknown")
    expect(first).to_contain_text(re.compile(r"First token\d"))
    expect(first).to_contain_text("Answered by harbour, model north")
    expect(first).to_contain_text("Try 1 at harbour failed: Too many calls; wait a little.")
    page.get_by_label("Mark the words that differ").check()
    expect(first.locator("mark")).to_have_text(["seven "])
    expect(second.locator("mark")).to_have_text(["**eight** "])


def test_a_recorded_turn_is_opened_with_its_prompt_and_asked_again_of_another_model(
    page: Page, harbour: Harbour
) -> None:
    _ask(page, harbour, "north", "How deep is the channel?")
    _answer(page).get_by_role("link", name="Recorded run").click()
    expect(page.get_by_role("article").filter(has_text="seven fathoms")).to_be_visible()
    page.goto(f"{page.url}&turn=1")
    page.get_by_role("link", name="Open in Try").click()
    expect(page.get_by_role("combobox", name="Model of Pane A")).to_have_value("north")
    expect(page.get_by_label("Message 1", exact=True)).to_have_value("How deep is the channel?")
    _choose(page, "south", "Pane B")
    page.get_by_role("button", name="Send Pane B only").click()
    expect(_answer(page, "Pane B")).to_contain_text("eight fathoms")
    # An edit outlives a reload, though the page was opened for the recorded call.
    page.get_by_label("Message 1", exact=True).fill("And the mouth?")
    page.reload()
    expect(page.get_by_label("Message 1", exact=True)).to_have_value("And the mouth?")


def test_stopping_reaches_the_provider(page: Page, harbour: Harbour) -> None:
    _ask(page, harbour, "endless")
    expect(_answer(page)).to_contain_text("and on and on")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(_answer(page)).to_contain_text("Stopped")
    assert harbour.upstream.gone.wait(10)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("busy", ("Refused with status 429", "Too many calls; wait a little.")),
        ("broken", ("It begins", "The answer broke off here")),
        ("nobody", ("Refused with status 404", "no model 'nobody'")),
    ],
)
def test_failures_are_told_in_words(page: Page, harbour: Harbour, model: str, words: tuple[str, ...]) -> None:
    _ask(page, harbour, model)
    expect(_answer(page).get_by_role("alert")).to_be_visible()
    for word in words:
        expect(_answer(page)).to_contain_text(word)


def test_nothing_that_a_model_says_can_run(page: Page, harbour: Harbour) -> None:
    _ask(page, harbour, "hostile")
    answer = _answer(page)
    expect(answer).to_contain_text("Recorded run")
    answer.locator("summary").click()
    expect(answer).to_contain_text("<script>window.__ran = 3</script>")
    expect(answer).to_contain_text("red here")
    assert page.evaluate("window.__ran") is None
    assert page.locator("#root script, #root img, #root [onerror]").count() == 0
    assert page.locator('#root a[href^="javascript"]').count() == 0


def test_an_answer_of_a_megabyte_leaves_the_page_usable(page: Page, harbour: Harbour) -> None:
    _ask(page, harbour, "huge")
    answer = _answer(page)
    expect(answer).to_contain_text("Recorded run", timeout=60_000)
    answer.get_by_role("button", name="Show all").click()
    expect(answer).to_contain_text("199 fathoms")
    assert len(answer.inner_text()) > 0.9 * HUGE_BYTES
    page.get_by_role("button", name="Add user message").click()
    expect(page.get_by_label("Message 2", exact=True)).to_be_visible()


def test_a_tool_call_is_shown_and_answered_in_the_same_run(page: Page, harbour: Harbour) -> None:
    page.goto(harbour.page)
    _choose(page, "caller")
    page.get_by_label("Message 1", exact=True).fill("How deep?")
    page.locator("summary", has_text="Tools").click()
    tools = page.get_by_label("Tools, as JSON")
    tools.fill('[{"name": "depth"')
    page.get_by_role("button", name="Send Pane A only").click()
    expect(page.locator(".field-fault")).to_contain_text("no JSON")
    tools.fill('[{"name": "depth", "parameters": {"type": "object"}}]')
    page.get_by_role("button", name="Send Pane A only").click()
    answer = _answer(page)
    expect(answer.locator(".try-tool")).to_contain_text("depth")
    expect(answer.locator(".try-tool")).to_contain_text("mouth")
    first_run = answer.get_by_role("link", name="Recorded run").get_attribute("href")
    answer.get_by_role("button", name="Go on from this answer").click()
    expect(page.get_by_label("Tool call that message 3 answers")).to_have_value("call_7")
    page.get_by_label("Message 3", exact=True).fill("7 fathoms")
    page.get_by_role("button", name="Send Pane A only").click()
    expect(answer).to_contain_text("Aye.")
    expect(answer.get_by_role("link", name="Recorded run")).to_have_attribute("href", first_run or "")
    assert [message["role"] for message in harbour.upstream.asked[-1]["messages"]] == ["user", "assistant", "tool"]


def test_the_desk_is_kept_by_project_and_the_call_can_be_copied(page: Page, harbour: Harbour) -> None:
    _ask(page, harbour, "north", "Kept here alone")
    _answer(page).get_by_role("button", name="Copy as code").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("openai.OpenAI(")
    dialog.get_by_role("button", name="curl").click()
    expect(dialog).to_contain_text("Authorization: Bearer $MASTHEAD_KEY")
    page.keyboard.press("Escape")
    page.goto(f"{harbour.url}/gateway/try?project=empty")
    expect(page.get_by_label("Message 1", exact=True)).to_have_value("")
    page.goto(harbour.page)
    expect(page.get_by_label("Message 1", exact=True)).to_have_value("Kept here alone")


def test_a_model_is_chosen_by_the_keyboard(page: Page, harbour: Harbour) -> None:
    page.goto(f"{harbour.page}&model=north")
    picker = page.get_by_role("combobox", name="Model of Pane A")
    expect(picker).to_have_value("north")
    picker.fill("harb sou")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("listbox")).to_contain_text("price unknown")
    page.keyboard.press("Enter")
    expect(picker).to_have_value("south")
    expect(page.get_by_role("listbox")).to_have_count(0)
    picker.fill("north")
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_everybody_can_try_models(reader: Page, harbour: Harbour, barriers: Callable[[Page], list[str]]) -> None:
    reader.goto(harbour.page)
    reader.get_by_role("combobox", name="Model of Pane A").fill("best")
    assert barriers(reader) == []
    reader.keyboard.press("Escape")
    reader.get_by_label("Message 1", exact=True).fill("How deep?")
    reader.get_by_role("button", name="Send Pane A only").click()
    expect(_answer(reader)).to_contain_text("Recorded run")
    reader.locator("summary").first.click()
    assert barriers(reader) == []
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
