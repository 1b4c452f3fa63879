"""How quickly the pages open, scroll and search, in a real chromium against the real server on loopback.

    python benchmarks/pages.py                       200,000 spans (about two minutes, half of it filling)
    python benchmarks/pages.py --spans 1000000       the size that the limit on scrolling the list is for
    python benchmarks/pages.py --only list           the list of runs alone; or: runs

Every opening has a fresh browser profile, so nothing is cached in it. Times are the page's own clock, from the start of
its navigation to the first frame that shows a readable row, or from the last key to the frame that shows the answer.
A task of the browser's main thread over 50 ms is a long one; the list may have none over 100 ms while it scrolls.
"""

import argparse
import re
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from data import RARE, Generator, row

from masthead.ingest.samples import sample_bodies
from masthead.model.conversation import Agent, Conversation, Turn
from masthead.model.ids import DEFAULT_PROJECT, AgentId, RunId
from masthead.store.traces.append import Appender, SpanRow
from masthead.store.traces.open import open_store
from masthead.testing.live import LiveServer, live_server

OPENINGS = 4
ROWS_AN_APPEND = 4_096
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
AGENTS = tuple(AgentId(name) for name in ("Planner", "Navigator", "Editor", "Executor", "Critic"))
LIST_ROW, TURN = ".row-run", ".turn:not(.turn-pending)"

# Runs before the page's own scripts: notes the first frame with a row, and every long task.
WATCH = """
window.__long = [];
new PerformanceObserver((list) => { for (const entry of list.getEntries()) __long.push(Math.round(entry.duration)); })
  .observe({ type: 'longtask', buffered: true });
window.__shown = (holds) => new Promise((resolve) => {
  const shown = () => resolve(performance.now());
  const look = () => { if (holds()) requestAnimationFrame(shown); else setTimeout(look, 2); };
  look();
});
"""
FIRST = "async (row) => (await __shown(() => document.querySelector(row))) / 1000"
SCROLL = """async ([selector, step]) => {
  const box = document.querySelector(selector);
  __long.length = 0;
  let frames = 0, last = performance.now(), worst = 0;
  const start = last;
  while (performance.now() - start < 4000) {
    await new Promise((next) => requestAnimationFrame(next));
    const now = performance.now();
    worst = Math.max(worst, now - last);
    last = now; box.scrollTop += step; frames++;
  }
  const rows = document.querySelector('[aria-rowcount]')?.ariaRowCount;
  return [frames / 4, Math.round(worst), Math.max(0, ...__long), rows];
}"""
LAST_KEY = """() => {
  addEventListener('keydown', () => { window.__key = performance.now(); }, { capture: true });
}"""
ANSWER = """async ([rows, isWhole]) => (await __shown(() => {
  const table = document.querySelector('.table');
  return Number(table.ariaRowCount) === rows + 1 && (!isWhole || table.ariaBusy === 'false');
})) - __key"""


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--only", choices=["list", "runs"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        if options.only != "runs":
            fill(data_dir, options.spans)
        with live_server(data_dir) as server, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=which("chromium"), args=ARGUMENTS)
            browser.new_page().goto("about:blank")
            if options.only != "runs":
                measure_list(browser, server, options.spans)
            if options.only != "list":
                measure_runs(browser, server)
            browser.close()


def fill(data_dir: Path, spans: int) -> None:
    """Store about that many spans through the appender."""
    data_dir.mkdir(parents=True)
    store = open_store(data_dir=data_dir)
    appender, numbers = Appender(store.engine), count()
    waiting: list[SpanRow] = []
    stored, began = 0, time.perf_counter()

    def append() -> None:
        nonlocal waiting
        appender.append(waiting, token=str(next(numbers)), received_ns=time.time_ns())
        waiting = []

    for run in Generator().runs(spans // 20):
        if stored >= spans:
            break
        stored += len(run)
        waiting += [row(DEFAULT_PROJECT, span) for span in run]
        if len(waiting) >= ROWS_AN_APPEND:
            append()
    append()
    store.close()
    print(f"{stored:,} spans, filled in {time.perf_counter() - began:.0f} s\n")


def measure_list(browser: Browser, server: LiveServer, spans: int) -> None:
    """Open the list, scroll it, and type words into its bar."""
    print(f"{f'list at {spans:,} spans':28}{opened(browser, server.url, LIST_ROW)}")
    page = fresh(browser)
    page.goto(server.url)
    page.wait_for_selector(LIST_ROW)
    page.wait_for_load_state("networkidle")
    rate, worst, longest, rows = page.evaluate(SCROLL, [".table-scroll", 120])
    print(f"{'  scrolled 4 s':28}{rate:.0f} frames/s, longest frame {worst} ms, longest task {longest} ms, {rows} rows")
    page.context.close()
    for what, words, rows, is_whole in searches(server):
        times = [typed(browser, server.url, words, rows, is_whole=is_whole) for _ in range(3)]
        print(f"{f'  typed {what}':28}{', '.join(f'{time_ms:.0f}' for time_ms in times)} ms, {rows} rows")


def searches(server: LiveServer) -> list[tuple[str, str, int, bool]]:
    """Return what to type, how many rows answer it, and whether to wait for the search of all that was said."""
    task = asked(server, {"limit": 60})[-1]["task"].lower()
    words = max(re.findall(r"[a-z][a-z ]+[a-z]", task), key=len)[:20].strip()
    return [
        ("a task's words", words, len(asked(server, {"about": words, "limit": 500})), False),
        ("rare words, in all texts", RARE, len(asked(server, {"text": RARE, "limit": 100})), True),
    ]


def asked(server: LiveServer, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs that a query lists."""
    return httpx.get(f"{server.url}/api/v1/runs", params=query).raise_for_status().json()["items"]


def typed(browser: Browser, address: str, words: str, rows: int, *, is_whole: bool) -> float:
    """Return the milliseconds from the last key to the answer."""
    page = fresh(browser)
    page.goto(address)
    page.wait_for_selector(LIST_ROW)
    page.wait_for_load_state("networkidle")
    page.evaluate(LAST_KEY)
    page.keyboard.press("/")
    page.keyboard.type(words, delay=60)
    milliseconds: float = page.evaluate(ANSWER, [rows, is_whole])
    page.context.close()
    return milliseconds


def measure_runs(browser: Browser, server: LiveServer) -> None:
    """Open and scroll runs of 2,000 and of 30,000 turns."""
    for body in sample_bodies():
        server.send("default", body)
    runs = {turns: conversation(turns, turns) for turns in (2_000, 30_000)}
    server.put("default", *runs.values())
    for turns, one in runs.items():
        address = f"{server.url}/runs/{one.run_id}"
        page = fresh(browser)
        times = opened(browser, address, TURN)
        page.goto(address)
        page.wait_for_selector(TURN)
        rate, worst, longest, _ = page.evaluate(SCROLL, [".chat-scroll", 120])
        page.context.close()
        print(f"{f'run of {turns:,} turns':28}{times}")
        print(f"{'  scrolled 4 s':28}{rate:.0f} frames/s, longest frame {worst} ms, longest task {longest} ms")


def opened(browser: Browser, address: str, selector: str) -> str:
    """Return the seconds to the first row, of several openings."""
    seconds = list[str]()
    for _ in range(OPENINGS):
        page = fresh(browser)
        page.goto(address, wait_until="commit")
        first: Any = page.evaluate(FIRST, selector)
        seconds.append(f"{first:.2f}")
        page.context.close()
    return f"first {seconds[0]} s, then {', '.join(seconds[1:])} s"


def fresh(browser: Browser) -> Page:
    """Open a page with an empty profile."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH)
    return context.new_page()


def conversation(number: int, turns: int) -> Conversation:
    """Return a run of that many turns."""
    text = "The **test** failed because `helm.py` was not found; look at the log again and mend the call. " * 3
    return Conversation(
        run_id=RunId(f"{number:032x}"),
        task=f"A run of {turns:,} turns",
        agents=tuple(Agent(id=agent, name=agent) for agent in AGENTS),
        turns=tuple(
            Turn(index=index, speaker=AGENTS[index * 7 // 3 % len(AGENTS)], text=f"{index}. {text}")
            for index in range(turns)
        ),
    )


if __name__ == "__main__":
    main()
