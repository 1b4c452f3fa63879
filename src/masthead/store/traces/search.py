"""Search over what was recorded: a substring of attributes, events or the status message, whatever its case."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from masthead.model.ids import ProjectId, RunId, SpanId
from masthead.model.run import Page, SearchHit
from masthead.store.traces.bind import Param, Params
from masthead.store.traces.cursors import Place, place_of
from masthead.store.traces.engine import Engine, fetch
from masthead.store.traces.filters import hour_of
from masthead.store.traces.needle import Condition, condition, spelling, words_condition
from masthead.store.traces.words import IN_WINDOW, worth_reading

_EXCERPT_BEFORE = 80
_EXCERPT_AFTER = 160
_FIRST_STRETCH_SPANS = 10_000

_HOURS = """
SELECT start_hour, count(), countIf(received_ns NOT IN (
    SELECT arrayJoin(batches) FROM words WHERE project_id = {{project:String}}
))
FROM spans
WHERE project_id = {{project:String}} AND {window}
GROUP BY start_hour
ORDER BY start_hour DESC
"""

# Only narrow columns of the hits are sorted; the text around them is cut from the few that are shown. Small blocks keep
# a scan of long texts within the memory of a query.
_HITS = """
SELECT lower(hex(run_id)), lower(hex(span_id)), start_ns, name, nullIf(toString(agent), '')
FROM spans
PREWHERE project_id = {{project:String}} AND start_hour BETWEEN {{from_hour:UInt32}} AND {{to_hour:UInt32}}
    AND {window} AND {cheap}
WHERE {condition}
ORDER BY start_ns DESC, run_id DESC, span_id DESC
LIMIT 1 BY run_id, span_id
LIMIT {{limit:UInt32}}
SETTINGS max_block_size = 2048
"""
_BATCHES = """
SELECT arrayJoin(batches)
FROM words
WHERE {window} AND (words = '' OR {matches})
LIMIT {{most:UInt32}}
"""
_IN_BATCHES = "received_ns IN {batches:Array(Int64)}"
_MOST_BATCHES = 2_000
"""So many are named one by one; more are left to the store to find."""
_SINCE = "start_hour >= {since_hour:UInt32} AND start_ns >= {since_ns:Int64}"
_UNTIL = "start_hour <= {until_hour:UInt32} AND start_ns < {until_ns:Int64}"
_AFTER = """start_hour <= {after_hour:UInt32}
    AND (start_ns, run_id, span_id) < (
        {at_ns:Int64}, toFixedString(unhex({after_run:String}), 16), toFixedString(unhex({after_span:String}), 8))"""

_TEXTS = """
SELECT lower(hex(run_id)), lower(hex(span_id)), concat(attributes, '\\n', events, '\\n', status_message)
FROM spans
WHERE project_id = {project:String}
    AND start_hour IN {hours:Array(UInt32)}
    AND run_id IN (SELECT toFixedString(unhex(arrayJoin({run_ids:Array(String)})), 16))
    AND span_id IN (SELECT toFixedString(unhex(arrayJoin({span_ids:Array(String)})), 8))
"""


class _Hour(NamedTuple):
    start_hour: int
    spans: int
    uncovered: int
    """Spans whose words are not collected."""


class _Stretch(NamedTuple):
    from_hour: int
    to_hour: int
    uncovered: int


class _Hit(NamedTuple):
    run_id: RunId
    span_id: SpanId
    start_ns: int
    name: str
    agent: str | None


def search(
    engine: Engine,
    project: ProjectId,
    text: str,
    *,
    since_ns: int | None,
    until_ns: int | None,
    limit: int,
    cursor: str | None,
) -> Page[SearchHit]:
    """Return spans that contain `text`, the latest first; an empty text finds nothing."""
    if not text or limit < 1:
        return Page([], None)
    found = condition(text)
    window, params = _window(since_ns, until_ns, cursor)
    params |= {"project": project, **found.params}
    hits: list[_Hit] = []
    erasures = engine.erasures
    for stretch in _stretches(fetch(engine, _Hour, _HOURS.format(window=window), params)):
        here = params | {"from_hour": stretch.from_hour, "to_hour": stretch.to_hour, "limit": limit + 1 - len(hits)}
        cheap = _worth_reading(engine, text, here, covered_at=None if stretch.uncovered else erasures)
        if cheap is not None:
            sql = _HITS.format(window=window, cheap=cheap.sql, condition=found.sql)
            hits += fetch(engine, _Hit, sql, here | cheap.params)
        if len(hits) > limit:
            break
    shown = hits[:limit]
    texts = _texts(engine, project, shown)
    items = [
        SearchHit(
            run_id=hit.run_id,
            span_id=hit.span_id,
            agent=hit.agent,
            name=hit.name,
            start_ns=hit.start_ns,
            excerpt=excerpt(texts.get((hit.run_id, hit.span_id), ""), text),
        )
        for hit in shown
    ]
    if len(hits) <= limit:
        return Page(items, None)
    last = shown[-1]
    return Page(items, Place(last.start_ns, last.run_id + last.span_id).text())


def _window(since_ns: int | None, until_ns: int | None, cursor: str | None) -> tuple[str, dict[str, Param]]:
    conditions, params = ["true"], dict[str, Param]()
    if since_ns is not None:
        conditions.append(_SINCE)
        params |= {"since_ns": since_ns, "since_hour": hour_of(since_ns)}
    if until_ns is not None:
        conditions.append(_UNTIL)
        params |= {"until_ns": until_ns, "until_hour": hour_of(until_ns)}
    if cursor is not None:
        place = place_of(cursor)
        conditions.append(_AFTER)
        run_id, span_id = place.run_and_span_id()
        params |= {"at_ns": place.time_ns, "after_run": run_id, "after_span": span_id}
        params["after_hour"] = hour_of(place.time_ns)
    return " AND ".join(conditions), params


def _worth_reading(engine: Engine, text: str, params: Params, *, covered_at: int | None) -> Condition | None:
    """Return which spans of a stretch may contain the text as far as words tell, or None where none can.

    Where the words of the whole stretch were collected, after `covered_at` erasures, they are asked once, for the
    batches that have the text's; unless an erasure, which removes words, may have come in between.
    """
    matches = words_condition(text)
    if matches is None:
        return Condition("true", {})
    if covered_at is not None and not engine.is_shared:
        sql = _BATCHES.format(window=IN_WINDOW, matches=matches.sql)
        found = fetch(engine, tuple[int], sql, {**params, **matches.params, "most": _MOST_BATCHES + 1})
        if engine.erasures == covered_at and len(found) <= _MOST_BATCHES:
            if not found:
                return None
            return Condition(_IN_BATCHES, {"batches": [batch for (batch,) in found]})
    return worth_reading(text)


def _stretches(hours: list[_Hour]) -> Iterator[_Stretch]:
    """Yield stretches, the latest first, each about four times the spans of the one before.

    A common text is found in the first stretch; a rare one costs a few queries more than one scan would.
    """
    enough, spans, uncovered, last = _FIRST_STRETCH_SPANS, 0, 0, None
    for hour in hours:
        last = hour.start_hour if last is None else last
        spans += hour.spans
        uncovered += hour.uncovered
        if spans >= enough:
            yield _Stretch(hour.start_hour, last, uncovered)
            enough, spans, uncovered, last = enough * 4, 0, 0, None
    if last is not None:
        yield _Stretch(hours[-1].start_hour, last, uncovered)


def _texts(engine: Engine, project: ProjectId, hits: list[_Hit]) -> dict[tuple[str, str], str]:
    if not hits:
        return {}
    params: dict[str, Param] = {
        "project": project,
        "hours": sorted({hour_of(hit.start_ns) for hit in hits}),
        "run_ids": sorted({hit.run_id for hit in hits}),
        "span_ids": sorted({hit.span_id for hit in hits}),
    }
    found = fetch(engine, tuple[str, str, str], _TEXTS, params)
    return {(run_id, span_id): text for run_id, span_id, text in found}


_ESCAPED = re.compile(r"\\+(?:u([0-9a-f]{4})|(.)?)", re.IGNORECASE | re.DOTALL)


def excerpt(recorded: str, text: str) -> str:
    """Return what stands around the first occurrence of `text` in recorded JSON, its escapes undone, on one line."""
    found = re.compile(spelling(text).removeprefix("(?s)"), re.DOTALL).search(recorded.lower())
    at, ends = found.span() if found else (0, 0)
    before = recorded[max(0, at - _EXCERPT_BEFORE) : at]
    cut = before + recorded[at : ends + _EXCERPT_AFTER]
    plain = _ESCAPED.sub(_unescaped, cut)
    plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(plain.split())


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    after = found[2] or ""
    return " " if after in "ntrbf" else after
