"""What people who watch may read of calls: no more of end users, and of what was said, than a project lets be recorded.

Holds for what a process tells of itself, so also for the files in which it tells the others.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from masthead.gateway.config_routes import RecordingConfig
from masthead.gateway.seen import CallSeen
from masthead.gateway.status import ProjectSeen
from masthead.ingest.redact import Redactor
from masthead.model.errors import MastheadError
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Redaction

Scrub = Callable[[str], str]
"""Takes personal data and secrets out of a text, as the project's redaction says."""
RedactionOf = Callable[[ProjectId], Redaction]
"""Says what is taken out of a project's texts; may block, and raise `MastheadError`."""
_HASH: Final = 16
_UNKNOWN: Final = "[not shown]"


class Shown:
    """Makes what one process tells of projects fit to be read. Asked once a second, by one thread or several."""

    def __init__(self, redaction_of: RedactionOf) -> None:
        self._redaction_of = redaction_of
        self._known: dict[ProjectId, Redaction] = {}

    def of(self, project: ProjectId, seen: ProjectSeen, recording: RecordingConfig | None) -> ProjectSeen:
        """Return what may be read of a project; where its recording is not known, end users are left out."""
        content = "off" if recording is None else recording.content
        scrub = self._scrub(project)
        if content == "full" and scrub is str:
            return seen
        for calls in (seen.under_way, seen.latest):
            calls[:] = [_call(call, content, scrub) for call in calls]
        for target in seen.targets:
            target.last_error = None if target.last_error is None else scrub(target.last_error)
        return seen

    def _scrub(self, project: ProjectId) -> Scrub:
        """Return what to take out; what was known last where it cannot be asked, and all where nothing was."""
        try:
            self._known[project] = self._redaction_of(project)
        except MastheadError:
            if project not in self._known:
                return _nothing
        return scrub_of(self._known[project])


@lru_cache(maxsize=64)
def scrub_of(redaction: Redaction) -> Scrub:
    """Return what takes out of a text what the door takes out of spans."""
    if not redaction.is_on:
        return str
    redactor = Redactor(redaction)
    return lambda text: redactor.text(text, Counter())


def no_redaction(_project: ProjectId) -> Redaction:
    """Say that nothing is taken out: for a gateway without projects."""
    return Redaction()


def _nothing(_text: str) -> str:
    return _UNKNOWN


def _call(call: CallSeen, content: str, scrub: Scrub) -> CallSeen:
    return msgspec.structs.replace(
        call,
        user=None if call.user is None or content == "off" else _user(call.user, content, scrub),
        agent=None if call.agent is None else scrub(call.agent),
        error=None if call.error is None else scrub(call.error),
        model_asked=scrub(call.model_asked),
    )


def _user(user: str, content: str, scrub: Scrub) -> str:
    if content == "hashed":
        return f"sha256:{hashlib.sha256(user.encode('utf-8', 'replace')).hexdigest()[:_HASH]}"
    return scrub(user)
