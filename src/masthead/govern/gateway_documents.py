"""Projects' own gateway configurations: kept revision by revision, each change with its audit entry.

What a document may say is checked before it comes here; here it is text.
"""

from collections.abc import Collection
from typing import Final

from masthead.clock import Clock
from masthead.govern import audit
from masthead.model.access import Caller
from masthead.model.errors import Conflict, InvalidInput, NotFound
from masthead.model.ids import ProjectId
from masthead.model.run import Page
from masthead.model.span import Attributes
from masthead.model.stored import GatewayRevision
from masthead.store.control import gateways
from masthead.store.control.database import Database

KEPT: Final = 500
"""Revisions of a project that are kept."""
_MOST_REVISION: Final = 2**31 - 1


class GatewayDocuments:
    """The documents of every project."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def latest(self, project_id: ProjectId) -> GatewayRevision | None:
        """Return the revision that holds, None where the project has none."""
        with self._database.reading() as session:
            return gateways.latest(session, project_id)

    def put(self, caller: Caller, document: str, *, revision: int, restores: int | None = None) -> GatewayRevision:
        """Make a new revision over the one that the caller saw.

        Raises:
            Conflict: the present revision is another one.
        """
        with self._database.writing() as session:
            audit.take_turns(session)
            last = gateways.latest(session, caller.project_id)
            present = 0 if last is None else last.revision
            if revision != present:
                raise Conflict(
                    f"the gateway configuration is at revision {present}, not {revision}: somebody changed it;"
                    " read it again and make the change there"
                )
            made = GatewayRevision(
                revision=present + 1, document=document, time_ns=self._clock.now_ns(), actor=caller.actor
            )
            details: Attributes = {"revision": made.revision}
            if restores is not None:
                details = {**details, "restores": restores}
            audit.note(session, self._clock, caller, "gateway.configured", "gateway", details=details)
            gateways.add(session, caller.project_id, made, keep=KEPT)
            gateways.note_change(session, caller.project_id)
        return made

    def one(self, caller: Caller, revision: int) -> GatewayRevision:
        """Return a revision.

        Raises:
            NotFound: the project has none of that number, or no longer.
        """
        found = None
        if 0 < revision <= _MOST_REVISION:
            with self._database.reading() as session:
                found = gateways.one(session, caller.project_id, revision)
        if found is None:
            raise NotFound(f"no revision {revision} of the gateway configuration; the last {KEPT} are kept")
        return found

    def history(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[GatewayRevision]:
        """Return revisions, the latest first, and after them the one that the last of them followed.

        Raises:
            InvalidInput: the cursor is none of ours.
        """
        before = None
        if cursor is not None:
            if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
                raise InvalidInput(f"{cursor!r} is no cursor of this list; start without one", where="cursor")
            before = int(cursor)
        with self._database.reading() as session:
            found = gateways.page(session, caller.project_id, before=before, limit=limit + 1)
        return Page(found, str(found[limit - 1].revision) if len(found) > limit else None)

    def changes(self, since: int) -> tuple[int, Collection[ProjectId]]:
        """Return the number of the last change, and whose documents or secrets changed after `since`."""
        with self._database.reading() as session:
            return gateways.changed_since(session, since)
