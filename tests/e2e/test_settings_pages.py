"""The settings and the log-in, in a real browser against the real server."""

import re
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from masthead.model.conversation import Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId
from masthead.testing.live import LiveServer
from masthead.testing.server_process import ServerProcess

pytestmark = pytest.mark.e2e
Barriers = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def settings(server: LiveServer) -> str:
    httpx.post(f"{server.url}/api/v1/projects", json={"id": "yard"}).raise_for_status()
    return f"{server.url}/settings"


def test_a_key_is_shown_once_works_and_is_revoked(page: Page, settings: str, server: LiveServer) -> None:
    page.goto(f"{settings}/keys?project=yard")
    page.get_by_label("Name").fill("CI of the yard")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator(".secret-text").inner_text()
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{server.url}/api/v1/runs", headers=headers).status_code == 200
    page.reload()
    expect(page.locator(".secret-text")).to_have_count(0)
    row = page.get_by_role("row", name=re.compile("CI of the yard"))
    expect(row).to_contain_text("viewer")
    row.get_by_role("button", name="Revoke CI of the yard").click()
    row.get_by_role("button", name="Revoke for good").click()
    expect(row).to_contain_text("revoked")
    assert httpx.get(f"{server.url}/api/v1/runs", headers=headers).status_code == 401


def test_a_keys_limits_show_what_is_used_and_are_changed_under_the_same_secret(
    page: Page, settings: str, server: LiveServer
) -> None:
    page.goto(f"{settings}/keys?project=yard")
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("Models it may use").fill("best")
    page.get_by_label("Amount of limit 1").fill("5")
    page.get_by_role("button", name="Add a limit").click()
    page.get_by_label("Amount of limit 2").fill("60")
    page.get_by_label("What limit 2 counts").select_option("requests")
    page.get_by_label("Window of limit 2").select_option("minute")
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator(".secret-text").inner_text()
    expect(page.get_by_role("region", name="The new key").locator("pre")).to_contain_text(secret)
    row = page.get_by_role("row", name=re.compile("^Shop"))
    expect(row).to_contain_text("$0 of $5.00 a day")
    expect(row).to_contain_text("0 of 60 calls a minute")
    row.get_by_role("button", name="Change Shop").click()
    form = page.get_by_role("form", name="Change Shop")
    form.get_by_label("Amount of limit 1").fill("20")
    form.get_by_role("button", name="Remove limit 2").click()
    form.get_by_label("Models it may use").fill("")
    form.get_by_label("Days from now until it ends").fill("9")
    form.get_by_role("button", name="Change the key").click()
    expect(row).to_contain_text("of $20.00 a day")
    expect(row).to_contain_text("any model")
    expect(row).to_contain_text("until")
    expect(row).not_to_contain_text("a minute")
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{server.url}/api/v1/runs", headers=headers).status_code == 200


def test_the_parts_stay_in_reach_where_one_is_longer_than_the_window(page: Page, settings: str) -> None:
    page.set_viewport_size({"width": 390, "height": 420})
    page.goto(f"{settings}/keys?project=yard")
    part = page.get_by_role("link", name="Redaction")
    expect(page.get_by_role("button", name="Make the key")).to_be_visible()
    box = part.bounding_box()
    assert box is not None
    assert page.get_by_role("navigation", name="Settings").evaluate("each => each.clientHeight") >= box["height"]
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_retention_and_name_are_changed_and_kept(page: Page, settings: str) -> None:
    page.goto(f"{settings}/project?project=yard")
    page.get_by_label("Name").fill("The yard")
    page.get_by_label("Keep runs for how many days").fill("30")
    expect(page.locator("#retention-help")).to_contain_text("removed at once")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#retention-help")).to_contain_text("Counted from")
    page.reload()
    expect(page.get_by_label("Name")).to_have_value("The yard")
    expect(page.get_by_label("Keep runs for how many days")).to_have_value("30")
    expect(page.get_by_role("combobox", name="Project")).to_contain_text("The yard")


def test_redaction_is_tried_before_it_is_saved(page: Page, settings: str) -> None:
    page.goto(f"{settings}/redaction?project=yard")
    page.get_by_role("button", name="Add a pattern").click()
    page.get_by_label("Name of pattern 1").fill("hull")
    page.get_by_label("Pattern 1", exact=True).fill("HULL-[0-9")
    page.get_by_role("button", name="Show what would be stored").click()
    expect(page.get_by_role("alert")).to_contain_text("redaction.custom[0].pattern")
    page.get_by_label("Pattern 1", exact=True).fill("HULL-[0-9]+")
    page.get_by_label("A text; it is not stored").fill("HULL-12 belongs to ann@example.com")
    page.get_by_role("button", name="Show what would be stored").click()
    expect(page.locator("pre.trial")).to_have_text("[redacted:hull] belongs to [redacted:email]")
    page.get_by_label("Redact what comes in").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.reload()
    expect(page.get_by_label("Redact what comes in")).to_be_checked()
    expect(page.get_by_label("Pattern 1", exact=True)).to_have_value("HULL-[0-9]+")


def test_the_audit_log_shows_the_acts_and_proves_itself(page: Page, settings: str) -> None:
    page.goto(f"{settings}/audit?project=yard")
    expect(page.locator("table.audit")).to_contain_text("project.created")
    page.get_by_role("button", name="Verify").click()
    verdict = page.locator(".audit-verdict")
    expect(verdict).to_contain_text("Intact")
    page.get_by_label("A hash that you noted earlier").fill("0" * 64)
    page.get_by_role("button", name="Verify").click()
    expect(verdict).to_contain_text("Broken")


def test_prices_name_the_catalogue_and_what_it_does_not_know(page: Page, settings: str) -> None:
    page.goto(f"{settings}/prices")
    expect(page.locator(".settings")).to_contain_text("genai-prices/")
    expect(page.get_by_role("heading", name="Models without a known price")).to_be_visible()
    page.get_by_label("A part of a model's name").fill("gpt-4o-mini")
    expect(page.get_by_role("row", name=re.compile("^gpt-4o-mini ")).first).to_contain_text("$0.15")


def test_the_operator_makes_projects_and_sees_how_the_server_is(page: Page, settings: str) -> None:
    page.goto(f"{settings}/projects")
    page.get_by_label("Id").fill("new-yard")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("row", name=re.compile("new-yard"))).to_be_visible()
    page.get_by_label("Id").fill("new-yard")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("alert")).to_contain_text("exists already")
    page.goto(f"{settings}/about")
    expect(page.locator(".parts")).to_contain_text("works")
    expect(page.get_by_role("row", name=re.compile("^spans "))).to_be_visible()


def test_a_project_is_deleted_only_by_its_name(page: Page, settings: str, server: LiveServer) -> None:
    httpx.post(f"{server.url}/api/v1/projects", json={"id": "wreck"}).raise_for_status()
    page.goto(f"{settings}/project?project=wreck")
    deletion = page.get_by_role("button", name="Delete", exact=True)
    expect(deletion).to_be_disabled()
    page.get_by_label("Type wreck to confirm").fill("wreck")
    deletion.click()
    expect(page.get_by_role("combobox", name="Filter runs")).to_be_visible()
    assert httpx.get(f"{server.url}/api/v1/projects/wreck").status_code == 404


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, str]]:
    """A server of its own that wants a key, and an owner's key to it."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "masthead.toml").write_text("require_keys = true\n")
    command = [sys.executable, "-c", "from masthead.cli.main import main; main()", "--data-dir", str(folder / "data")]
    made = subprocess.run(
        [*command, "key", "create", "--role", "owner", "--name", "me"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    secret = re.search(r"mh_[\w-]+", made.stdout)
    assert secret is not None, made.stdout
    with (folder / "log").open("w") as log:
        started = ServerProcess(folder / "data", log, cwd=folder)
        yield f"http://{started.address}", secret[0]
        started.stop()


def test_the_log_in_says_what_is_wrong_lets_in_and_out(page: Page, locked: tuple[str, str]) -> None:
    url, secret = locked
    page.goto(f"{url}/settings/about")
    page.get_by_label("API key").fill("mh_wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown, expired or revoked")
    page.get_by_label("API key").fill(secret)
    page.keyboard.press("Enter")
    expect(page.locator(".parts")).to_contain_text("works")
    cookies = page.context.cookies()
    assert [(cookie.get("httpOnly"), cookie.get("sameSite")) for cookie in cookies] == [(True, "Strict")]
    assert page.evaluate("document.cookie") == ""
    assert secret not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()


def test_the_first_screen_fills_in_a_key_and_turns_into_the_first_run(page: Page, locked: tuple[str, str]) -> None:
    url, secret = locked
    page.goto(url)
    page.get_by_label("API key").fill(secret)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Send the first run")).to_be_visible()
    page.get_by_role("tab", name="A few lines of Python").click()
    expect(page.locator("pre")).to_contain_text('api_key="YOUR_KEY"')
    page.get_by_role("button", name="Make a key and fill it in").click()
    code = page.locator("pre").first
    expect(code).to_contain_text(re.compile('api_key="mh_[^"]+"'))
    program = code.inner_text()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
    expect(page.get_by_role("link", name="Is the build red?")).to_be_visible(timeout=30_000)


def test_a_file_is_imported_from_the_first_screen(page: Page, server: LiveServer, tmp_path: Path) -> None:
    httpx.post(f"{server.url}/api/v1/projects", json={"id": "upload"}).raise_for_status()
    log = tmp_path / "talk.txt"
    log.write_text("Alice: Please add 2 and 2.\nBob: That is 4.\nAlice: Are you sure?\nBob: Yes, I checked it.\n")
    page.goto(f"{server.url}/?project=upload")
    page.get_by_role("tab", name="Logs that you have").click()
    page.locator("input[type=file]").set_input_files(log)
    expect(page.locator(".row-run")).to_have_count(1, timeout=30_000)


def test_a_session_that_ended_leads_back_to_the_log_in(browser: Browser, locked: tuple[str, str]) -> None:
    url, secret = locked
    context = browser.new_context()
    context.request.post(f"{url}/api/v1/session", data={"key": secret})
    page = context.new_page()
    page.goto(f"{url}/lists")
    expect(page.get_by_role("heading", name="Queues and datasets")).to_be_visible()
    context.clear_cookies()
    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_label("API key")).to_be_visible()
    context.close()


def test_everybody_can_read_the_settings(
    browser: Browser, settings: str, server: LiveServer, barriers: Barriers
) -> None:
    server.put(
        "yard",
        Conversation(
            run_id=RunId(f"{0xABC:032x}"),
            task="Paint the hull",
            agents=(Agent(id=AgentId("Painter"), name="Painter"),),
            turns=(Turn(index=0, speaker=AgentId("Painter"), text="Done"),),
            ending=Ending(kind=EndingKind.COMPLETED),
        ),
    )
    for width, theme in ((1440, "light"), (390, "dark")):
        context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if theme == "dark" else "light",
            bypass_csp=True,
            reduced_motion="reduce",
        )
        page = context.new_page()
        for part in ("project", "keys", "redaction", "prices", "audit", "projects", "about"):
            page.goto(f"{settings}/{part}?project=yard")
            expect(page.locator(".settings-part .panel").first).to_be_visible()
            assert barriers(page) == [], (part, width)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (part, width)
        context.close()
