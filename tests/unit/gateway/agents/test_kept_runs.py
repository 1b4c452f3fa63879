"""The file of runs under way stays small, says of each run what was said last, and is read by its owner alone."""

import os
import stat
from pathlib import Path

import msgspec
import pytest

from masthead.gateway.agents import keep
from masthead.gateway.agents.keep import Keeper
from masthead.gateway.agents.live_run import Known, LiveRun
from masthead.gateway.agents.marks import IDLE_NS

pytestmark = pytest.mark.unit
NOW_NS = 1_700_000_000_000_000_000


def line(run_id: str, at: int, *, calls: int = 1, task: str = "a task", scope: str = "p") -> bytes:
    run = LiveRun(scope=scope, run_id=run_id, start_ns=NOW_NS, last_ns=NOW_NS + at, known=Known(task), calls=calls)
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


def test_runs_of_two_scopes_that_share_an_id_are_both_kept(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "runs.jsonl")
    keeper.write([line("a", 1, scope="p\0k1"), line("a", 2, scope="p\0k2"), line("a", 3, scope="p\0k1", calls=2)])
    keeper.write([], waits=True)
    found = Keeper(tmp_path / "runs.jsonl").load(NOW_NS + 4)
    assert [(run.scope, run.calls) for run in found] == [("p\0k2", 1), ("p\0k1", 2)]


def test_a_line_without_a_scope_ends_no_loading_of_the_others(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    file.write_bytes(b'{"run_id":"a","last_ns":%d}\n' % NOW_NS + line("a", 1) + b"\n")
    assert [run.run_id for run in Keeper(file).load(NOW_NS + 2)] == ["a"]


def test_a_run_that_another_version_wrote_is_left_out_and_said_to_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "runs.jsonl"
    earlier = b'{"scope":"p","run_id":"b","start_ns":%d,"last_ns":%d,"task":"t","agents":{}}\n' % (NOW_NS, NOW_NS)
    file.write_bytes(earlier + line("a", 1) + b"\n")
    assert [run.run_id for run in Keeper(file).load(NOW_NS + 2)] == ["a"]
    assert "written by another version" in caplog.text


def test_the_file_and_its_folder_are_their_owners_alone_also_those_that_were_not(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = os.umask(0o022)
    request.addfinalizer(lambda: os.umask(before))
    folder = tmp_path / "gateway"
    for is_there in (False, True):
        file = folder / "runs.jsonl"
        if is_there:
            folder.chmod(0o755)
            for left in (file, file.with_suffix(".new")):
                left.touch()
                left.chmod(0o644)
        keeper = Keeper(file)
        keeper.load(NOW_NS)
        assert (mode(folder), mode(file)) == (0o700, 0o600)
        file.unlink()
        keeper.write([line("a", 1)], waits=True)
        assert mode(file) == 0o600


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
