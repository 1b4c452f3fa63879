"""What several processes of a gateway tell, put together, and what of the recording is called wrong."""

import msgspec
import pytest

from masthead.api.schema.gateway_watch import GatewayTraffic, p50_p95
from masthead.api.watching import alerts_of, targets_of
from masthead.gateway.config import GatewayConfig
from masthead.gateway.seen import CallSeen, TargetSeen
from masthead.gateway.shown import scrub_of
from masthead.gateway.status import BreakerSeen, ProcessSeen, ProjectSeen, RecordsSeen
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Redaction

pytestmark = pytest.mark.unit

NOW_NS = 1_700_000_000 * 1_000_000_000
ONE = ProjectId("one")


def process(name: str, *, records: RecordsSeen | None = None, **projects: ProjectSeen) -> ProcessSeen:
    return ProcessSeen(
        name=name,
        host="h",
        pid=1,
        started_ns=NOW_NS,
        written_ns=NOW_NS,
        records=records or RecordsSeen(),
        projects=projects,
    )


def call(number: int, end_ns: int | None = None) -> CallSeen:
    return CallSeen(
        run_id=f"{number:032x}",
        span_id=f"{number:016x}",
        start_ns=NOW_NS + number,
        end_ns=end_ns,
        endpoint="chat",
        model_asked="m",
    )


def breaker(state: str, until_ns: int | None = None) -> BreakerSeen:
    return BreakerSeen(connection="up", model="m", state=state, failures=1, until_ns=until_ns)  # pyright: ignore[reportArgumentType]


def test_nothing_is_wrong_where_nothing_is() -> None:
    assert alerts_of([process("server"), process("worker 0", records=RecordsSeen(recorded=9, waiting=3))]) == []


def test_what_was_lost_for_good_comes_first_and_says_where() -> None:
    alerts = alerts_of(
        [
            process("server", records=RecordsSeen(waiting=7, waiting_bytes=700, stalled_since_ns=NOW_NS)),
            process("worker 0", records=RecordsSeen(lost=2, lost_ns=NOW_NS)),
            process("worker 1", records=RecordsSeen(set_aside=1, is_growing=True, waiting=90)),
        ]
    )
    assert [(one.kind, one.process) for one in alerts] == [
        ("lost", "worker 0"),
        ("set_aside", "worker 1"),
        ("stalled", "server"),
        ("growing", "worker 1"),
    ]
    assert "2 calls were answered and not recorded" in alerts[0].message
    assert alerts[0].since == "2023-11-14T22:13:20Z"
    assert "7 records (700 bytes) wait" in alerts[2].message


def test_what_is_stuck_is_not_told_as_growing_too() -> None:
    records = RecordsSeen(waiting=7, stalled_since_ns=NOW_NS, is_growing=True)
    assert [one.kind for one in alerts_of([process("server", records=records)])] == ["stalled"]


def test_targets_of_all_processes_are_one_and_the_worst_state_is_told() -> None:
    config = GatewayConfig.model_validate(
        {"connections": {"up": {"base_url": "https://x.example/v1"}, "idle": {"base_url": "https://y.example/v1"}}}
    )
    seen = [
        TargetSeen(connection="up", model="m", calls=3, errors={"rate": 1}, latencies_s=(1.0, 2.0), last_ns=NOW_NS),
        TargetSeen(
            connection="up",
            model="m",
            calls=2,
            errors={"rate": 1, "server": 1},
            latencies_s=(3.0,),
            last_error="busy",
            last_error_ns=NOW_NS + 5,
            last_ns=NOW_NS + 5,
        ),
    ]
    processes = [
        process("worker 0", one=ProjectSeen(targets=[seen[0]], breakers=[breaker("closed")])),
        process("worker 1", one=ProjectSeen(targets=[seen[1]], breakers=[breaker("open", NOW_NS + 9)])),
        process("server", two=ProjectSeen(targets=[TargetSeen(connection="hidden", model="m", calls=1)])),
    ]
    found = targets_of(processes, ONE, config, str)
    (target,) = found.items
    assert (target.calls, target.errors, target.state) == (5, {"rate": 2, "server": 1}, "open")
    assert (target.latency_p50_s, target.last_error) == (2.0, "busy")
    assert [(one.process, one.state) for one in target.breakers] == [("worker 0", "closed"), ("worker 1", "open")]
    assert found.idle == ["idle"]


def test_traffic_of_all_processes_is_one_list_of_the_project() -> None:
    processes = [
        process("a", one=ProjectSeen(under_way=[call(2)], latest=[call(4, NOW_NS + 40)])),
        process(
            "b",
            one=ProjectSeen(under_way=[call(1)], latest=[call(5, NOW_NS + 50)]),
            two=ProjectSeen(latest=[call(9, NOW_NS)]),
        ),
    ]
    found = GatewayTraffic.of(NOW_NS, processes, [], "one", str)
    assert [(one.span_id, one.process) for one in found.under_way] == [(f"{1:016x}", "b"), (f"{2:016x}", "a")]
    assert [(one.span_id, one.process) for one in found.latest] == [(f"{5:016x}", "b"), (f"{4:016x}", "a")]


def test_what_the_door_takes_out_of_spans_is_not_seen_here_either() -> None:
    said = msgspec.structs.replace(call(1, NOW_NS), user="ada@example.com", error="no such mail: ada@example.com")
    failing = TargetSeen(connection="up", model="m", last_error="ada@example.com?", last_error_ns=NOW_NS)
    processes = [process("a", one=ProjectSeen(latest=[said], targets=[failing]))]
    scrub = scrub_of(Redaction(is_on=True))
    (seen,) = GatewayTraffic.of(NOW_NS, processes, [], "one", scrub).latest
    assert (seen.user, seen.error) == ("[redacted:email]", "no such mail: [redacted:email]")
    (target,) = targets_of(processes, ONE, GatewayConfig(), scrub).items
    assert target.last_error == "[redacted:email]?"
    assert scrub_of(Redaction())("ada@example.com") == "ada@example.com"


@pytest.mark.parametrize(
    ("values", "expected"),
    [((), (None, None)), ((2.0,), (2.0, 2.0)), ((1.0, 3.0), (2.0, 2.9)), (tuple(range(101)), (50.0, 95.0))],
)
def test_percentiles(values: tuple[float, ...], expected: tuple[float | None, float | None]) -> None:
    assert p50_p95(values) == expected
