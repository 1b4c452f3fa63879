"""Setting the gateway up in a real browser: connections, routes and limits, and the way a change is saved."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from masthead.testing.chatting_upstream import ChattingUpstream
from masthead.testing.live import LiveServer, gateway_file

pytestmark = pytest.mark.e2e

ATTACK = "<img src=x onerror='window.__ran = 1'>"
CONFIG = """
[projects]
allow_networks = ["loopback"]

[connections.shared]
provider = "openai-compatible"
base_url = "{url}"
allow_networks = ["loopback"]
models = ["south"]

[guards.run]
calls = 400

[[limits]]
per = "project"
window = "day"
cost_usd = 500
"""
PROJECTS = ("first", "stale", "back", "raw", "odd", "read", "whole", "trial")


@dataclass(frozen=True)
class Yard:
    """The server, and a provider to connect to."""

    url: str
    upstream: ChattingUpstream

    def page(self, project: str, part: str = "connections") -> str:
        """Return where a project's gateway is set up."""
        return f"{self.url}/gateway/configuration?project={project}&part={part}"

    def config(self, project: str) -> dict[str, Any]:
        """Return what is stored for the project."""
        headers = {"X-Masthead-Project": project}
        return httpx.get(f"{self.url}/api/v1/gateway/config", headers=headers).raise_for_status().json()

    def save(self, project: str, document: dict[str, Any]) -> None:
        """Save a document behind the page's back."""
        body = {"revision": self.config(project)["revision"], "document": document}
        headers = {"X-Masthead-Project": project}
        httpx.put(f"{self.url}/api/v1/gateway/config", json=body, headers=headers).raise_for_status()


@pytest.fixture(scope="module")
def yard(server: LiveServer, data_folder: Path) -> Generator[Yard]:
    for project in PROJECTS:
        httpx.post(f"{server.url}/api/v1/projects", json={"id": project}).raise_for_status()
    with (
        ChattingUpstream({"north": "Seven fathoms.", "west": ""}) as upstream,
        gateway_file(server, data_folder, CONFIG.format(url=upstream.url)),
    ):
        yield Yard(server.url, upstream)


def _part(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Configuration").get_by_role("button", name=name, exact=True).click()


def _save(page: Page) -> Locator:
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save", exact=True).click()
    return dialog


def test_a_connection_with_a_route_and_a_limit_is_set_up_and_serves_at_once(page: Page, yard: Yard) -> None:
    page.goto(yard.page("first"))
    page.get_by_role("button", name="Add a connection").click()
    page.get_by_label("Provider").select_option("openai-compatible")
    page.get_by_label("Name here").fill("mine")
    page.get_by_label("Key", exact=True).fill("sk-yard-1")
    page.get_by_label("Address").fill(yard.upstream.url)
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("It answers and serves 2 models.")).to_be_visible()
    page.get_by_role("button", name="Name these models").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".config-entry", has_text="mine")).to_contain_text("north, west")
    _part(page, "Routes")
    page.get_by_role("button", name="Add a route").click()
    page.get_by_label("Name", exact=True).fill("best")
    page.get_by_label("Connection of target 1").select_option("mine")
    page.get_by_label("Model of target 1").fill("north")
    _part(page, "Limits")
    page.get_by_role("button", name="Add a limit").click()
    page.get_by_label("US dollars").fill("20")
    page.get_by_role("button", name="Review and save").click()
    changes = page.get_by_role("dialog").locator(".config-changes li")
    expect(changes).to_have_count(3)
    for place, words in (("connections.mine", "stored:mine"), ("routes.best", "north"), ("limits.0", "cost_usd: 20")):
        expect(changes.filter(has=page.locator("code", has_text=place))).to_contain_text(words)
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Revision 1, saved")).to_be_visible()
    call = {"model": "best", "messages": [{"role": "user", "content": "How deep?"}], "stream": True}
    answer = httpx.post(f"{yard.url}/v1/chat/completions", json=call, headers={"X-Masthead-Project": "first"})
    assert "Seven" in answer.text
    assert yard.upstream.keys[-1] == "Bearer sk-yard-1"
    assert "sk-yard-1" not in page.content()
    _part(page, "Secrets")
    expect(page.locator(".config-entry", has_text="mine")).to_contain_text("for mine")


def test_a_fault_stands_beside_its_field_and_cannot_be_saved(page: Page, yard: Yard) -> None:
    page.goto(yard.page("odd"))
    page.get_by_role("button", name="Add a connection").click()
    page.get_by_label("Provider").select_option("openai-compatible")
    page.get_by_label("Name here").fill("far")
    page.get_by_label("Address").fill("http://10.1.2.3/v1")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="which is not public")).to_be_visible()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Edit far").click()
    field = page.get_by_label("Address")
    field.fill("ftp://models.example")
    expect(page.locator(".config-field", has=field)).to_contain_text("must be http(s)://")
    expect(field).to_have_attribute("aria-invalid", "true")
    page.locator(".config-entry summary", has_text="More settings").click()
    page.get_by_label("Private networks").fill("10.0.0.0/8")
    expect(page.get_by_text("1 fault to look at").or_(page.get_by_text("2 faults to look at"))).to_be_visible()
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("connections.far.base_url")
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    dialog.get_by_role("button", name="Go on editing").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator(".config-entry")).to_have_count(1)
    assert yard.config("odd")["revision"] == 0


def test_somebody_elses_change_is_never_overwritten_unseen(page: Page, yard: Yard) -> None:
    page.goto(yard.page("stale", "guards"))
    page.get_by_label("When a run repeats itself").select_option("stop")
    expect(page.get_by_text("1 change, not saved")).to_be_visible()
    yard.save("stale", {"guards": {"on_finding": "warn"}, "cache": {"is_on": True}})
    dialog = _save(page)
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody saved while you were editing")
    assert yard.config("stale")["document"]["guards"] == {"on_finding": "warn"}
    dialog.get_by_role("button", name="Show what mine would change in theirs").click()
    expect(dialog.locator(".config-changes")).to_contain_text("warn")
    expect(dialog.locator(".config-changes")).to_contain_text("cache")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Revision 2, saved")).to_be_visible()
    assert yard.config("stale")["document"] == {"guards": {"on_finding": "stop"}}


def test_an_earlier_revision_is_shown_and_restored(page: Page, yard: Yard) -> None:
    yard.save("back", {"guards": {"on_finding": "stop"}})
    yard.save("back", {"cache": {"is_on": True}})
    page.goto(yard.page("back", "history"))
    page.get_by_role("button", name="Restore revision 1").click()
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_text("Revision 3, saved")).to_be_visible()
    assert yard.config("back")["document"] == {"guards": {"on_finding": "stop"}}
    expect(page.locator(".config-entry").first).to_contain_text("holds")


def test_the_document_is_edited_as_a_whole(page: Page, yard: Yard) -> None:
    page.goto(yard.page("raw", "document"))
    editor = page.get_by_label("The project's document, as TOML")
    editor.fill("[guards")
    expect(page.locator("#document-fault")).to_contain_text("no TOML yet")
    editor.fill('[guards]\non_finding = "explode"')
    expect(page.locator("#document-fault")).to_contain_text("guards.on_finding")
    editor.fill('{"guards": {"on_finding": "stop"}}')  # as JSON
    expect(page.get_by_text("1 change, not saved")).to_be_visible()
    editor.fill('[guards]\non_finding = "warn"  # for a week')
    expect(page.locator("#document-fault")).to_have_text("")
    _save(page)
    expect(page.get_by_text("Revision 1, saved")).to_be_visible()
    _part(page, "Guards")
    expect(page.get_by_label("When a run repeats itself")).to_have_value("warn")
    _part(page, "As a document")
    expect(editor).to_have_value('[guards]\non_finding = "warn"\n')
    page.get_by_text("gateway.toml, which holds for all projects").click()
    expect(page.locator(".code")).to_contain_text('base_url = "')


def test_everything_that_a_document_can_say_has_a_field(page: Page, yard: Yard) -> None:
    yard.save("whole", {"connections": {"mine": {"base_url": "https://models.example/v1"}}})
    page.goto(yard.page("whole"))
    page.get_by_role("button", name="Edit mine").click()
    page.get_by_text("More settings").click()
    headers = page.get_by_role("group", name="Headers sent with every request")
    headers.get_by_role("button", name="Add").click()
    headers.get_by_label("Header 1").fill("X-Team")
    headers.get_by_label("Value 1").fill("shop")
    page.get_by_label("Streams can be asked for their tokens").uncheck()
    _part(page, "Content")
    page.get_by_role("button", name="Protect personal data").click()
    patterns = page.get_by_role("group", name="Patterns of your own")
    for at, (name, pattern) in enumerate({"ticket": "T-[0-9]{4,}", "gone": "x"}.items(), 1):
        patterns.get_by_role("button", name="Add").click()
        patterns.get_by_label(f"Name {at}").fill(name)
        patterns.get_by_label(f"Regular expression {at}").fill(pattern)
    patterns.get_by_role("button", name="Remove gone").click()
    _part(page, "Cache")
    page.get_by_label("Give the same answer to the same request").check()
    page.get_by_text("Also to questions that say the same").click()
    page.get_by_label("Connection for embeddings").select_option("mine")
    page.get_by_label("Model of embeddings there").fill("small")
    _save(page)
    expect(page.get_by_text("Revision 2, saved")).to_be_visible()
    assert yard.config("whole")["document"] == {
        "connections": {
            "mine": {
                "base_url": "https://models.example/v1",
                "headers": {"X-Team": "shop"},
                "reports_stream_usage": False,
            }
        },
        "plugins": [{"kind": "pii", "patterns": {"ticket": "T-[0-9]{4,}"}}],
        "cache": {"is_on": True, "semantic": {"connection": "mine", "model": "small"}},
    }


def test_a_prompt_is_put_on_trial_and_its_target_given_times(page: Page, yard: Yard) -> None:
    route = {"model": "best", "pick": "weight", "targets": [{"connection": "mine"}]}
    mine = {"mine": {"base_url": "https://models.example/v1"}}
    yard.save("trial", {"connections": mine, "routes": [route]})
    page.goto(yard.page("trial"))
    _part(page, "Routes")
    page.get_by_role("button", name="Edit best").click()
    page.get_by_text("Prompt on trial, times").click()
    variant = page.get_by_label("Variant of target 1")
    variant.fill("terse")
    variant.fill("")
    expect(variant).to_be_visible()  # what is emptied is about to be written anew
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    variant.fill("brief")
    page.get_by_label("System prompt of target 1").fill("Be brief.\nBe kind.")
    page.get_by_label("The first byte may take, seconds").fill("2.5")
    _save(page)
    expect(page.get_by_text("Revision 2, saved")).to_be_visible()
    target = {"connection": "mine", "variant": "brief", "system": "Be brief.\nBe kind.", "first_byte_s": 2.5}
    assert yard.config("trial")["document"]["routes"] == [{**route, "targets": [target]}]


def test_what_the_file_says_can_be_read_and_not_changed(page: Page, yard: Yard) -> None:
    page.goto(yard.page("read"))
    row = page.locator(".config-entry", has_text="shared")
    expect(row).to_contain_text("from gateway.toml")
    expect(row.get_by_role("button", name="Edit")).to_have_count(0)
    row.get_by_role("button", name="Test shared").click()
    expect(row).to_contain_text("It answers and serves 2 models.")
    _part(page, "Limits")
    expect(page.locator(".config-entry")).to_contain_text("$500 a day")


def test_a_form_tells_what_the_file_says_of_its_fields(page: Page, yard: Yard) -> None:
    page.goto(yard.page("read", "guards"))
    calls = page.get_by_label("Calls a run")
    expect(calls).to_have_attribute("placeholder", "400")
    expect(page.get_by_text("gateway.toml says: 400.")).to_be_visible()
    expect(page.get_by_label("Tokens a run")).to_have_attribute("placeholder", "any number")


def test_rare_settings_stay_open_while_the_only_one_is_written_anew(page: Page, yard: Yard) -> None:
    page.goto(yard.page("read", "recording"))
    page.get_by_text("More settings").click()
    kept = page.get_by_label("Kept of one answer, bytes")
    kept.fill("1000")
    kept.fill("")
    expect(kept).to_be_visible()
    kept.press_sequentially("2000")
    expect(kept).to_have_value("2000")


def test_a_secret_is_replaced_and_deleted_and_never_shown(page: Page, yard: Yard) -> None:
    page.goto(yard.page("read", "secrets"))
    page.get_by_label("Name of the secret").fill("spare")
    page.get_by_label("Value of the secret").fill("sk-never-seen")
    page.get_by_role("button", name="Store", exact=True).click()
    row = page.locator(".config-entry", has_text="spare")
    expect(row).to_contain_text("no connection names it")
    row.get_by_role("button", name="Replace spare").click()
    row.get_by_label("New value of spare").fill("sk-other")
    row.get_by_role("button", name="Replace it").click()
    expect(row.get_by_label("New value of spare")).to_have_count(0)
    assert "sk-never-seen" not in page.content()
    row.get_by_role("button", name="Delete spare").click()
    row.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".config-entry")).to_have_count(0)


def test_hostile_documents_are_shown_and_run_nothing(page: Page, yard: Yard) -> None:
    document = {
        "routes": [{"model": ATTACK, "targets": [{"connection": "shared", "model": ATTACK}]}],
        "access": [{"keys": [ATTACK], "models": [ATTACK]}],
        "connections": {"evil": {"provider": ATTACK, "base_url": "https://models.example/v1", "models": [ATTACK]}},
    }
    yard.save("odd", document)
    for part in ("connections", "routes", "access", "document", "history"):
        page.goto(yard.page("odd", part))
        expect(page.locator(".config-section")).to_contain_text("onerror")
        assert page.evaluate("window.__ran") is None
        assert page.locator("#root img").count() == 0


def test_everybody_can_set_the_gateway_up(reader: Page, yard: Yard, barriers: Callable[[Page], list[str]]) -> None:
    reader.goto(yard.page("first"))
    reader.get_by_role("button", name="Add a connection").click()
    expect(reader.get_by_label("Name here")).to_be_visible()
    assert barriers(reader) == []
    for part in ("Routes", "Limits", "Guards", "Content", "Cache", "Secrets", "History", "As a document"):
        _part(reader, part)
        expect(reader.get_by_role("heading", name=part, level=2)).to_be_visible()
        assert barriers(reader) == []
        assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
    _part(reader, "Guards")
    reader.get_by_label("When a run repeats itself").select_option("stop")
    reader.get_by_role("button", name="Review and save").click()
    expect(reader.get_by_role("dialog").locator(".config-changes li")).to_have_count(1)
    assert barriers(reader) == []
