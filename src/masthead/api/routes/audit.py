"""The audit log, and whether it is as it was written."""

from typing import Annotated

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Owner, With
from masthead.api.schema import tenancy as t
from masthead.govern import audit

router = APIRouter(tags=["audit"])


@router.get("/audit")
def list_audit_entries(services: With, caller: Owner, query: Annotated[t.AuditQuery, Query()]) -> t.AuditPage:
    """List administrative acts, latest first."""
    page = audit.entries(
        services.database,
        caller,
        action=query.action,
        is_everywhere=query.everywhere,
        limit=query.limit,
        cursor=query.cursor,
    )
    return t.AuditPage.trusted(items=[t.AuditEntry.of(entry) for entry in page.items], cursor=page.cursor)


@router.get("/audit/verify")
def verify_audit_log(services: With, _: Owner, query: Annotated[t.VerifyQuery, Query()]) -> t.AuditVerdict:
    """Read the whole installation's log and name the first entry that does not fit."""
    return t.AuditVerdict.of(audit.verify(services.database, noted_head=query.head))
