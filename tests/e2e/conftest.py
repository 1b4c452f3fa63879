"""A real server on a free port with the built pages, and a real browser in front of it."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, expect, sync_playwright

from masthead.ingest.samples import sample_bodies
from masthead.testing.live import LiveServer, live_server
from masthead.web.app import DIST

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the server keeps its data, and looks for `gateway.toml`."""
    folder = tmp_path_factory.mktemp("e2e") / "data"
    folder.mkdir()
    free = 'input_usd_per_million = "0"\noutput_usd_per_million = "0"\n'  # budgets of money hold of it
    (folder / "models.toml").write_text(f'[[models]]\nmodel = "north"\n{free}')
    return folder


@pytest.fixture(scope="session")
def server(data_folder: Path) -> Generator[LiveServer]:
    """Serve the application: the samples in `default`, and other projects beside it."""
    if not (DIST / "index.html").is_file():
        pytest.skip("the pages are not built: cd ui && npm ci && npm run build")
    with live_server(data_folder) as live:
        for project in ("empty", "fresh", "hostile", "long", "scored", "watched"):
            httpx.post(f"{live.url}/api/v1/projects", json={"id": project}).raise_for_status()
        for body in sample_bodies():
            live.send("default", body)
        live.door.flush()
        yield live


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Start Debian's chromium, once a module: the driver's loop must not outlive the tests that use it."""
    chromium = which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    expect.set_options(timeout=20_000)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@dataclass(frozen=True)
class Watched:
    """A page, and what went wrong in it: uncaught errors, dialogs, and refusals of the content policy."""

    page: Page
    troubles: list[str]


def _watched(context: BrowserContext) -> Watched:
    page = context.new_page()
    troubles: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            troubles.append(message.text)

    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", on_dialog)
    page.on("console", on_console)
    return Watched(page, troubles)


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """Open a page at desk width; the test fails if anything went wrong in it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = _watched(context)
    yield watched.page
    context.close()
    assert watched.troubles == []


@pytest.fixture(params=[(1440, "light"), (390, "dark")], ids=str)
def reader(request: pytest.FixtureRequest, browser: Browser) -> Generator[Page]:
    """Open a page at a width and in a theme; the policy is set aside so that axe can be put in."""
    width, theme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=theme, bypass_csp=True, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def barriers() -> Callable[[Page], list[str]]:
    """Return what finds the serious barriers on a page, by axe's rules, once it is at rest."""
    path = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not installed: cd ui && npm ci")
    source = path.read_text()

    def barriers(page: Page) -> list[str]:
        page.wait_for_load_state("networkidle")
        page.evaluate(source)
        found: dict[str, Any] = page.evaluate("axe.run()")
        return [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    return barriers
