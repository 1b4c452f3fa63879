"""What the processes of a gateway tell, put together for one project, and what of it is wrong."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from masthead.api.schema import gateway_watch as w
from masthead.api.schema.base import time_or_none
from masthead.gateway.config import GatewayConfig
from masthead.gateway.policy.health import State
from masthead.gateway.seen import TargetSeen
from masthead.gateway.status import BreakerSeen, ProcessSeen
from masthead.model.ids import ProjectId
from masthead.model.times import rfc3339

_BADNESS: Final[dict[State, int]] = {"closed": 0, "half-open": 1, "open": 2}
_Key = tuple[str, str]


def targets_of(
    processes: Sequence[ProcessSeen], project: ProjectId, config: GatewayConfig, scrub: w.Scrub
) -> w.GatewayTargets:
    """Return how the project's targets fare over all processes, those that are set aside first."""
    seen: defaultdict[_Key, list[TargetSeen]] = defaultdict(list)
    breakers: defaultdict[_Key, list[tuple[str, BreakerSeen]]] = defaultdict(list)
    for process in processes:
        own = process.projects.get(project)
        if own is None:
            continue
        for target in own.targets:
            seen[target.connection, target.model].append(target)
        for breaker in own.breakers:
            breakers[breaker.connection, breaker.model].append((process.name, breaker))
    items = [_target(key, seen[key], breakers[key], config, scrub) for key in {**seen, **breakers}]
    items.sort(key=lambda one: (-_BADNESS[one.state], -sum(one.errors.values()), -one.calls, one.connection))
    tried = {connection for connection, _ in seen}
    return w.GatewayTargets(items=items, idle=[name for name in config.connections if name not in tried])


def _target(
    key: _Key,
    seen: Sequence[TargetSeen],
    breakers: Sequence[tuple[str, BreakerSeen]],
    config: GatewayConfig,
    scrub: w.Scrub,
) -> w.GatewayTarget:
    connection, model = key
    configured = config.connections.get(connection)
    errors: defaultdict[str, int] = defaultdict(int)
    for one in seen:
        for kind, count in one.errors.items():
            errors[kind] += count
    failed = max((one for one in seen if one.last_error_ns is not None), key=lambda one: one.last_ns, default=None)
    p50, p95 = w.p50_p95(latency for one in seen for latency in one.latencies_s)
    return w.GatewayTarget(
        connection=connection,
        provider=None if configured is None else configured.provider,
        model=scrub(model),
        state=_worst([one.state for _, one in breakers]),
        breakers=[_breaker(process, one) for process, one in breakers],
        calls=sum(one.calls for one in seen),
        errors=dict(sorted(errors.items(), key=lambda item: -item[1])),
        latency_p50_s=p50,
        latency_p95_s=p95,
        last_error=None if failed is None or failed.last_error is None else scrub(failed.last_error),
        last_error_time=None if failed is None else time_or_none(failed.last_error_ns),
        last=time_or_none(max((one.last_ns for one in seen), default=None)),
    )


def _worst(states: Sequence[State]) -> State:
    return max(states, key=lambda one: _BADNESS[one]) if states else "closed"


def _breaker(process: str, seen: BreakerSeen) -> w.Breaker:
    return w.Breaker(process=process, state=seen.state, failures=seen.failures, until=time_or_none(seen.until_ns))


def records_of(processes: Sequence[ProcessSeen]) -> list[w.ProcessRecords]:
    """Return how the recording goes, by process."""
    return [
        w.ProcessRecords(
            process=one.name,
            started=rfc3339(one.started_ns),
            recorded=one.records.recorded,
            lost=one.records.lost,
            thinned=one.records.thinned,
            waiting=one.records.waiting,
            waiting_bytes=one.records.waiting_bytes,
            set_aside=one.records.set_aside,
        )
        for one in processes
    ]


def alerts_of(processes: Sequence[ProcessSeen]) -> list[w.RecordsAlert]:
    """Return what is wrong with the recording, what was lost for good first."""
    alerts = [alert for one in processes for alert in _alerts(one)]
    order = ("lost", "set_aside", "stalled", "growing")
    return sorted(alerts, key=lambda alert: order.index(alert.kind))


def _alerts(seen: ProcessSeen) -> list[w.RecordsAlert]:
    own, found = seen.records, list[w.RecordsAlert]()
    if own.lost:
        message = f"{own.lost} calls were answered and not recorded; the process's log says why"
        found.append(w.RecordsAlert(kind="lost", process=seen.name, since=time_or_none(own.lost_ns), message=message))
    if own.set_aside:
        message = f"the server will never take {own.set_aside} bodies of records; they lie in the spool's set_aside"
        found.append(w.RecordsAlert(kind="set_aside", process=seen.name, since=None, message=message))
    if own.stalled_since_ns is not None:
        since = rfc3339(own.stalled_since_ns)
        message = f"{own.waiting} records ({own.waiting_bytes} bytes) wait, and nothing is taken: does the server run?"
        found.append(w.RecordsAlert(kind="stalled", process=seen.name, since=since, message=message))
    elif own.is_growing:
        message = f"{own.waiting} records ({own.waiting_bytes} bytes) wait, more than a minute ago: calls come faster"
        found.append(w.RecordsAlert(kind="growing", process=seen.name, since=None, message=f"{message} than they go"))
    return found
