"""Saying in the audit log who took runs out, which ones and how many."""

import hashlib
from dataclasses import fields
from typing import Any, Final

from masthead.clock import Clock
from masthead.govern import audit
from masthead.govern.erasure import digest_of_user
from masthead.model.access import Caller
from masthead.model.run import RunFilter
from masthead.model.span import AttributeValue
from masthead.store.control.database import Database
from masthead.store.traces.port import SpanStore

_HASHED: Final = frozenset({"text", "about"})
"""May name a person, whose runs may be erased later: the log keeps what tells the same text from another."""


def note_export(
    database: Database, store: SpanStore, clock: Clock, caller: Caller, chosen: RunFilter, *, form: str
) -> None:
    """Write `runs.exported` before the first run goes out: the form, what was chosen, and how many runs that is."""
    runs = sum(row.runs for row in store.stats(caller.project_id, chosen, bucket="total"))
    details: dict[str, AttributeValue] = {"format": form, "runs": runs, **_narrowing(caller, chosen)}
    with database.writing() as session:
        audit.note(session, clock, caller, "runs.exported", f"project:{caller.project_id}", details=details)


def _narrowing(caller: Caller, chosen: RunFilter) -> dict[str, AttributeValue]:
    said: dict[str, AttributeValue] = {}
    for field in fields(chosen):
        value: Any = getattr(chosen, field.name)
        if value is None or value == ():
            continue
        if field.name == "user_id":
            said["user"] = digest_of_user(caller.project_id, value)
        elif field.name in _HASHED:
            said[field.name] = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        elif field.name == "metadata":
            said["metadata"] = [f"{key}={wanted}" for key, wanted in value]
        elif field.name == "run_ids":
            said["run_ids"] = [*value]
        else:
            said[field.name] = value if isinstance(value, bool | int | float) else str(value)
    return said
