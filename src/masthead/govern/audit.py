"""The audit log: what administrative acts write, inside their own transaction, and what people read back."""

from masthead.clock import Clock
from masthead.govern import chain
from masthead.model.access import Caller
from masthead.model.ids import ProjectId
from masthead.model.run import Page
from masthead.model.span import Attributes
from masthead.model.tenancy import AuditEntry
from masthead.store.control import audit
from masthead.store.control.database import Database, Transaction


def take_turns(session: Transaction) -> None:
    """Wait until no other administrative act is under way: for acts that read first what they then change."""
    audit.take_turns(session)


def note(
    session: Transaction,
    clock: Clock,
    caller: Caller,
    action: str,
    target: str,
    *,
    project_id: ProjectId | None = None,
    details: Attributes | None = None,
) -> AuditEntry:
    """Write down an act in the transaction that does it; the project is the caller's unless another is named."""
    act = chain.Act(
        project_id=project_id or caller.project_id,
        actor=caller.actor,
        action=action,
        target=target,
        details=details or {},
    )
    return audit.append(session, lambda last: chain.link(last, act, clock.now_ns()))


def entries(
    database: Database, caller: Caller, *, action: str | None, is_everywhere: bool, limit: int, cursor: str | None
) -> Page[AuditEntry]:
    """Return the project's entries, latest first; for the operator, all projects' where `is_everywhere`.

    Raises:
        NotAllowed: the caller asks for all projects' and is not the operator.
    """
    if is_everywhere:
        caller.require_operator()
    project_id = None if is_everywhere else caller.project_id
    with database.reading() as session:
        return audit.page(session, project_id, action=action, limit=limit, cursor=cursor)


def verify(database: Database, *, noted_head: str | None = None) -> chain.Verdict:
    """Read the whole log and say whether it is as it was written."""
    with database.reading() as session:
        return chain.verify(audit.walk(session), noted_head=noted_head)
