"""The file of runs under way stays small, and says of each run what was said last."""

from pathlib import Path

import msgspec
import pytest

from masthead.gateway.agents import keep
from masthead.gateway.agents.keep import Keeper
from masthead.gateway.agents.live_run import LiveRun
from masthead.gateway.agents.stitch import IDLE_NS

pytestmark = pytest.mark.unit
NOW_NS = 1_700_000_000_000_000_000


def line(run_id: str, at: int, *, calls: int = 1, task: str = "a task") -> bytes:
    run = LiveRun(scope="p", run_id=run_id, start_ns=NOW_NS, last_ns=NOW_NS + at, task=task, calls=calls)
    return msgspec.json.encode(run)


def test_the_last_line_of_a_run_counts_and_runs_that_are_over_or_cut_off_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    keeper = Keeper(file)
    keeper.write([line("a", 1), line("b", 2), line("a", 3, calls=2), line("old", -IDLE_NS)])
    keeper.write([line("c", 4)], waits=True)
    with file.open("ab") as out:
        out.write(b'not ours\n{"run_id":"d","last_ns":')
    found = Keeper(file).load(NOW_NS + 5)
    assert [(run.run_id, run.calls) for run in found] == [("b", 1), ("a", 2), ("c", 1)]
    assert len(file.read_bytes().splitlines()) == 3


def test_a_full_file_is_tidied_once_and_not_at_every_line_though_all_its_runs_are_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "_MOST_BYTES", 40_000)
    monkeypatch.setattr(keep, "_KEPT_BYTES", 10_000)
    tidied: list[int] = []
    tidy = Keeper._tidy  # pyright: ignore[reportPrivateUsage] - how often it runs is the point

    def counted(self: Keeper, now_ns: int | None = None) -> None:
        tidied.append(1)
        tidy(self, now_ns)

    monkeypatch.setattr(Keeper, "_tidy", counted)
    keeper = Keeper(tmp_path / "runs.jsonl")
    for at in range(400):
        keeper.write([line(f"run-{at}", at, task="x" * 200)])
    keeper.write([], waits=True)
    written_bytes = 400 * len(line("run-400", 1, task="x" * 200))
    assert written_bytes > 100_000
    assert len(tidied) <= written_bytes // 30_000 + 1
    latest = Keeper(tmp_path / "runs.jsonl").load(NOW_NS + 400)[-1]
    assert latest.run_id == "run-399"


def test_there_is_nothing_to_load_at_first(tmp_path: Path) -> None:
    assert Keeper(tmp_path / "gateway" / "runs.jsonl").load(NOW_NS) == []
