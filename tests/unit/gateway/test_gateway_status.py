"""What processes tell of themselves: whether records get stuck or pile up, whose word counts, and sums over workers."""

import os
import socket
from pathlib import Path

import msgspec
import pytest

from masthead.gateway.neighbours import clear_away, left_behind, others
from masthead.gateway.status import VERSION, Backlog, ProcessSeen, Trend
from masthead.gateway.summing import shown_to, summed

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000
NOW_NS = 1_700_000_000 * SECOND_NS
NOBODY = 2**22 + 1
"""More than any process id."""


def told(folder: Path, number: int, **changed: object) -> Path:
    fields: dict[str, object] = {
        "name": f"worker {number}",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "number": number,
        "started_ns": NOW_NS - 60 * SECOND_NS,
        "written_ns": NOW_NS,
    }
    file = folder / f"status-{number}.json"
    file.write_bytes(msgspec.json.encode(fields | changed))
    return file


def test_nothing_is_stuck_while_something_moves_or_nothing_waits() -> None:
    trend = Trend()
    for at in range(30):
        trend.add(Backlog(waiting=5, handed_on=at), NOW_NS + at * SECOND_NS)
    assert trend.stalled_since_ns(NOW_NS + 30 * SECOND_NS) is None
    for at in range(30, 60):
        trend.add(Backlog(waiting=0, handed_on=30), NOW_NS + at * SECOND_NS)
    assert trend.stalled_since_ns(NOW_NS + 60 * SECOND_NS) is None


def test_what_waits_while_nothing_moves_is_stuck_since_it_last_did() -> None:
    trend = Trend()
    for at in range(12):
        trend.add(Backlog(waiting=3, handed_on=7), NOW_NS + at * SECOND_NS)
    assert trend.stalled_since_ns(NOW_NS + 9 * SECOND_NS) is None
    assert trend.stalled_since_ns(NOW_NS + 11 * SECOND_NS) == NOW_NS


@pytest.mark.parametrize(
    ("waiting", "is_growing"),
    [
        ([10 * at for at in range(60)], True),
        ([600 - 10 * at for at in range(60)], False),
        ([200] * 60, False),
        ([500 * (at % 10 == 0) for at in range(60)], False),
        ([10 * at for at in range(40)], False),
    ],
    ids=["rises", "falls", "stays", "bursts", "too short a time"],
)
def test_a_backlog_grows_where_the_least_of_it_rises_over_a_minute(waiting: list[int], *, is_growing: bool) -> None:
    trend = Trend()
    for at, one in enumerate(waiting):
        trend.add(Backlog(waiting=one, handed_on=at), NOW_NS + at * SECOND_NS)
    assert trend.is_growing() is is_growing


def test_files_of_living_processes_count_and_others_are_named(tmp_path: Path) -> None:
    told(tmp_path, 0)
    told(tmp_path, 1, pid=NOBODY)
    told(tmp_path, 2, written_ns=NOW_NS - 30 * SECOND_NS)
    told(tmp_path, 3, version=VERSION + 1)
    told(tmp_path, 4, host="elsewhere", pid=NOBODY)
    (tmp_path / "status-5.json").write_text("{")
    found = others(tmp_path, NOW_NS, own_pid=NOBODY + 1)
    assert [one.name for one in found.alive] == ["worker 0", "worker 4"]
    why = dict(found.ignored)
    assert "gone" in why["status-1.json"]
    assert "30 s" in why["status-2.json"]
    assert "another release" in why["status-3.json"]
    assert "cannot be read" in why["status-5.json"]


def test_ones_own_file_is_no_neighbour(tmp_path: Path) -> None:
    told(tmp_path, 0)
    assert others(tmp_path, NOW_NS, own_pid=os.getpid()) == ((), ())


def test_files_of_the_dead_are_cleared_away_but_for_numbers_that_begin_anew(tmp_path: Path) -> None:
    told(tmp_path, 0, pid=NOBODY)
    told(tmp_path, 7, pid=NOBODY)
    told(tmp_path, 8)
    clear_away(tmp_path, keep=2)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["status-0.json", "status-8.json"]


def test_a_worker_goes_on_from_what_the_one_before_it_counted_in_the_same_gateway(tmp_path: Path) -> None:
    file = told(tmp_path, 0, group=42, metrics="# TYPE a counter\na 5\n", pid=NOBODY)
    assert left_behind(file, 42) == "# TYPE a counter\na 5\n"
    assert left_behind(file, 43) == ""
    assert left_behind(file, None) == ""
    assert left_behind(tmp_path / "status-9.json", 42) == ""


def test_a_status_can_be_read_again() -> None:
    seen = ProcessSeen(name="server", host="h", pid=1, started_ns=1, written_ns=2)
    assert msgspec.json.decode(msgspec.json.encode(seen), type=ProcessSeen) == seen


ONE = """# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{status="200"} 3
# HELP seconds Durations.
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 3
seconds_sum{} 0.5
# TYPE waiting gauge
waiting 2.0
# TYPE lag_longest_seconds gauge
lag_longest_seconds 0.25
"""
TWO = """# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{status="200"} 4
calls_total{status="500"} 1
# HELP seconds Durations.
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 5
seconds_sum{} 0.25
# TYPE waiting gauge
waiting 1.0
# TYPE lag_longest_seconds gauge
lag_longest_seconds 0.125
"""


def test_metrics_of_several_processes_are_added_up() -> None:
    assert summed([ONE, TWO]) == (
        """# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{status="200"} 7
calls_total{status="500"} 1
# HELP seconds Durations.
# TYPE seconds histogram
seconds_bucket{le="+Inf"} 8
seconds_sum{} 0.75
# TYPE waiting gauge
waiting 3
# TYPE lag_longest_seconds gauge
lag_longest_seconds 0.25
"""
    )


def test_of_processes_that_are_gone_counters_count_and_gauges_do_not() -> None:
    text = summed([ONE], TWO)
    assert 'calls_total{status="200"} 7' in text
    assert "seconds_sum{} 0.75" in text
    assert "waiting 2\n" in text


def test_one_process_alone_is_as_it_says() -> None:
    assert [line.split()[-1] for line in summed([ONE]).splitlines() if line[0] != "#"] == ["3", "3", "0.5", "2", "0.25"]


ALL = """# TYPE tries_total counter
tries_total{connection="mine",outcome="ok"} 1
tries_total{connection="h1dden",outcome="ok"} 2
tries_total{connection="h1dden-too",outcome="ok"} 3
tries_total{connection="",outcome="ok"} 4
# TYPE set_aside gauge
set_aside{project="me",connection="mine",model="m"} 1.0
set_aside{project="h1dden",connection="mine",model="h1dden"} 1.0
set_aside{project="h1dden",connection="c",model="x\\",project=\\"me"} 1.0
# TYPE left_out_total counter
left_out_total{model="h1dden"} 5
left_out_total{model="h1dden {}\u2028 too"} 6
# TYPE waiting gauge
waiting 7
"""


def test_a_projects_key_reads_of_its_own_connections_and_of_others_only_what_they_come_to() -> None:
    text = shown_to("me", {"mine"}, ALL)
    assert [line for line in text.splitlines() if line[0] != "#"] == [
        'tries_total{connection="mine",outcome="ok"} 1',
        'tries_total{connection="other",outcome="ok"} 5',
        'tries_total{connection="",outcome="ok"} 4',
        'set_aside{project="me",connection="mine",model="m"} 1',
        "left_out_total 11",
        "waiting 7",
    ]


def test_names_that_look_like_several_lines_are_added_up_like_any() -> None:
    assert 'left_out_total{model="h1dden {}\u2028 too"} 12\n' in summed([ALL, ALL])
