"""A `RunFilter` as conditions on the run summaries. Fragments are fixed; every value is bound."""

from typing import NamedTuple

from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter
from masthead.store.traces.bind import Param
from masthead.store.traces.hexadecimal import run_ids_of
from masthead.store.traces.needle import condition
from masthead.store.traces.tags import HAS_TAG
from masthead.store.traces.words import worth_reading

HOUR_NS = 3_600_000_000_000

_LAST_HOUR = (1 << 32) - 1


def hour_of(time_ns: int) -> int:
    """Return the hour since 1970 as the column `start_hour` has it."""
    return min(max(0, time_ns // HOUR_NS), _LAST_HOUR)


_OBSERVED = "run_id IN (SELECT run_id FROM observations FINAL WHERE project_id = {{project:String}} AND {holds})"
_CONDITIONS = {
    "since_ns": "start_ns >= {since_ns:Int64}",
    "until_ns": "start_ns < {until_ns:Int64}",
    "run_id_prefix": "startsWith(lower(hex(run_id)), {run_id_prefix:String})",
    "agent": "has(agents, {agent:String})",
    "model": "has(models, {model:String})",
    "system": "system = {system:String}",
    "outcome": "outcome = {outcome:String}",
    "min_cost_usd": "cost_usd >= {min_cost_usd:Decimal(38, 12)}",
    "max_cost_usd": "cost_usd <= {max_cost_usd:Decimal(38, 12)}",
    "min_tokens": "coalesce(input_tokens + output_tokens, input_tokens, output_tokens) >= {min_tokens:Int64}",
    "max_tokens": "coalesce(input_tokens + output_tokens, input_tokens, output_tokens) <= {max_tokens:Int64}",
    "min_duration_s": "duration_ns / 1e9 >= {min_duration_s:Float64}",
    "max_duration_s": "duration_ns / 1e9 <= {max_duration_s:Float64}",
    "session_id": "session_id = {session_id:String}",
    "user_id": "user_id = {user_id:String}",
    "tag": HAS_TAG,
    "code": _OBSERVED.format(holds="has(codes, {code:String})"),
    "origin_agent": _OBSERVED.format(holds="origin_agent = {origin_agent:String}"),
}
_HAS_ERROR = "(errors > 0 OR outcome = 'error')"
_METADATA = """(
    mapContains(metadata, {{key{place}:String}}) AND metadata[{{key{place}:String}}] = {{value{place}:String}}
)"""
_CHOSEN = "run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))"
_ABOUT = """(
    positionCaseInsensitiveUTF8(task, {about:String}) > 0 OR positionCaseInsensitiveUTF8(name, {about:String}) > 0
    OR arrayExists(
        x -> positionCaseInsensitiveUTF8(toString(x), {about:String}) > 0,
        arrayConcat([toString(system)], agents, models, tags)
    )
)"""
_SAID = """run_id IN (
    SELECT run_id FROM spans
    PREWHERE project_id = {{project:String}} AND start_hour BETWEEN {{from_hour:UInt32}} AND {{to_hour:UInt32}}
        AND {cheap}
    WHERE {said}
    SETTINGS max_block_size = 2048
)"""


class Where(NamedTuple):
    """Conditions joined by AND, and the values that they bind."""

    sql: str
    params: dict[str, Param]


def where(project: ProjectId, chosen: RunFilter) -> Where:
    """Return what a run's summary must satisfy; the project comes first."""
    parts = ["project_id = {project:String}"]
    params: dict[str, Param] = {"project": project}
    for name, sql in _CONDITIONS.items():
        value = getattr(chosen, name)
        if value is not None:
            parts.append(sql)
            params[name] = value
    if chosen.has_error is not None:
        parts.append(_HAS_ERROR if chosen.has_error else f"NOT {_HAS_ERROR}")
    for place, (key, value) in enumerate(chosen.metadata):
        parts.append(_METADATA.format(place=place))
        params |= {f"key{place}": key, f"value{place}": value}
    if chosen.run_ids:
        parts.append(_CHOSEN)
        params["run_ids"] = run_ids_of(chosen.run_ids)
    if chosen.about:
        parts.append(_ABOUT)
        params["about"] = chosen.about
    if chosen.text:
        said, cheap = condition(chosen.text), worth_reading(chosen.text)
        params |= {**said.params, **cheap.params, "from_hour": hour_of(chosen.since_ns or 0), "to_hour": _LAST_HOUR}
        parts.append(_SAID.format(cheap=cheap.sql, said=said.sql))
    return Where(" AND ".join(parts), params)
