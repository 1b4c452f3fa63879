"""The audit log's chain: each entry's hash covers the entry and the hash before it, so that a change anywhere shows.

The hash is SHA-256 over the canonical JSON (keys sorted, no spaces, UTF-8) of the entry's other fields, among them the
previous entry's hash. The first entry follows 64 zeros.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from masthead.model.ids import ProjectId
from masthead.model.span import Attributes, AttributeValue
from masthead.model.tenancy import AuditEntry

GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What is written down of an administrative act. `project_id` is None where it concerns the installation."""

    project_id: ProjectId | None
    actor: str
    action: str
    target: str
    details: Attributes


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether the whole log is as it was written. `head` is the last hash that fits, of `entries` entries read."""

    is_intact: bool
    entries: int
    first_broken: int | None
    reason: str | None
    head: str


def link(last: AuditEntry | None, act: Act, now_ns: int) -> AuditEntry:
    """Return the entry that follows `last`. Its time is never before the last one's."""
    sequence = 1 if last is None else last.sequence + 1
    previous_hash = GENESIS if last is None else last.hash
    time_ns = now_ns if last is None else max(now_ns, last.time_ns)
    body = _body(sequence, time_ns, act, previous_hash)
    return AuditEntry(
        sequence=sequence,
        time_ns=time_ns,
        project_id=act.project_id,
        actor=act.actor,
        action=act.action,
        target=act.target,
        details=act.details,
        previous_hash=previous_hash,
        hash=_digest(body),
    )


def verify(entries: Iterable[AuditEntry], *, noted_head: str | None = None) -> Verdict:
    """Read the log in order and name the first entry that does not fit.

    `noted_head` is a hash that somebody wrote down earlier: the log must still contain it, which shows that it was
    neither rewritten from the start nor cut off before that entry.
    """
    expected, head, has_noted = 1, GENESIS, noted_head is None
    for entry in entries:
        reason = _fault(entry, expected, head)
        if reason is not None:
            return Verdict(is_intact=False, entries=expected - 1, first_broken=entry.sequence, reason=reason, head=head)
        head = entry.hash
        has_noted = has_noted or head == noted_head
        expected += 1
    if not has_noted:
        reason = f"no entry has the noted hash {noted_head!r}: the log was rewritten or cut off"
        return Verdict(is_intact=False, entries=expected - 1, first_broken=expected, reason=reason, head=head)
    return Verdict(is_intact=True, entries=expected - 1, first_broken=None, reason=None, head=head)


def _fault(entry: AuditEntry, expected: int, head: str) -> str | None:
    if entry.sequence != expected:
        return f"entry {entry.sequence} follows {expected - 1}: entries are missing or were inserted"
    if entry.previous_hash != head:
        return "it does not follow the entry before it"
    act = Act(
        project_id=entry.project_id,
        actor=entry.actor,
        action=entry.action,
        target=entry.target,
        details=entry.details,
    )
    if _digest(_body(entry.sequence, entry.time_ns, act, entry.previous_hash)) != entry.hash:
        return "its content is not what was written"
    return None


def _body(sequence: int, time_ns: int, act: Act, previous_hash: str) -> Mapping[str, AttributeValue]:
    return {
        "sequence": sequence,
        "time_ns": time_ns,
        "project_id": act.project_id,
        "actor": act.actor,
        "action": act.action,
        "target": act.target,
        "details": dict(act.details),
        "previous_hash": previous_hash,
    }


def _digest(body: Mapping[str, AttributeValue]) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
