"""The audit log's chain, as a pure function."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.govern.chain import GENESIS, Act, link, verify
from masthead.model.ids import ProjectId
from masthead.model.tenancy import AuditEntry

pytestmark = pytest.mark.unit

ACTS = st.builds(
    Act,
    project_id=st.none() | st.text(max_size=9).map(ProjectId),
    actor=st.text(max_size=9),
    action=st.text(max_size=9),
    target=st.text(max_size=20),
    details=st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=9), max_size=3),
)


def chained(acts: list[Act]) -> list[AuditEntry]:
    entries = list[AuditEntry]()
    for number, act in enumerate(acts):
        entries.append(link(entries[-1] if entries else None, act, 1000 - number))
    return entries


def test_the_hash_is_what_the_documentation_says() -> None:
    act = Act(
        project_id=ProjectId("one"), actor="key:ä", action="key.created", target="key:1", details={"b": 1, "a": None}
    )
    entry = link(None, act, 7)
    canonical = (
        '{"action":"key.created","actor":"key:ä","details":{"a":null,"b":1},"previous_hash":"' + "0" * 64 + '",'
        '"project_id":"one","sequence":1,"target":"key:1","time_ns":7}'
    )
    assert json.loads(canonical)
    assert entry.hash == hashlib.sha256(canonical.encode()).hexdigest()
    assert entry.previous_hash == GENESIS


@given(st.lists(ACTS, max_size=6))
def test_what_was_chained_is_intact_and_its_times_do_not_go_back(acts: list[Act]) -> None:
    entries = chained(acts)
    verdict = verify(entries)
    assert (verdict.is_intact, verdict.entries) == (True, len(acts))
    assert [entry.time_ns for entry in entries] == sorted(entry.time_ns for entry in entries)


@given(st.lists(ACTS, min_size=1, max_size=6), st.data())
def test_any_change_is_found_at_the_entry_that_was_changed(acts: list[Act], data: st.DataObject) -> None:
    entries = chained(acts)
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["actor", "action", "target", "time_ns", "details", "project_id"]))
    old = getattr(entries[at], field)
    new = {"time_ns": entries[at].time_ns + 1, "details": {**entries[at].details, "x": "y"}}.get(field, f"{old}!")
    entries[at] = replace(entries[at], **{field: new})
    verdict = verify(entries)
    assert (verdict.is_intact, verdict.first_broken) == (False, at + 1)


@given(st.lists(ACTS, min_size=2, max_size=6), st.data())
def test_an_entry_that_was_taken_out_or_moved_is_found(acts: list[Act], data: st.DataObject) -> None:
    entries = chained(acts)
    at = data.draw(st.integers(0, len(entries) - 2))
    assert not verify(entries[:at] + entries[at + 1 :]).is_intact
    entries[at], entries[at + 1] = entries[at + 1], entries[at]
    assert not verify(entries).is_intact


def test_a_log_rewritten_from_the_start_lacks_the_noted_head() -> None:
    act = Act(project_id=None, actor="a", action="b", target="c", details={})
    head = verify(chained([act, act])).head
    rewritten = chained([replace(act, actor="x"), act])
    assert verify(rewritten).is_intact
    assert not verify(rewritten, noted_head=head).is_intact
