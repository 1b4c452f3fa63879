"""A project's gateway configuration: shown, checked, changed and restored. For owners: it says what keys may spend."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from masthead.api.routes.taken import Owner, With
from masthead.api.schema import gateway_config as c
from masthead.gateway import document_text
from masthead.gateway.config import GatewayConfig

router = APIRouter(tags=["gateway"])
_Revision = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/gateway/config")
def get_gateway_config(services: With, caller: Owner) -> c.GatewayConfig:
    """Show what holds for the project's calls: its own document, the server's file, and both put together."""
    return c.GatewayConfig.of(services.gateway_documents.shown(caller))


@router.put("/gateway/config")
def put_gateway_config(services: With, caller: Owner, given: c.ConfigInput) -> c.ConfigTaken:
    """Make a document hold from the next call on; 422 with every fault where it cannot be taken."""
    return c.ConfigTaken.of(services.gateway_documents.put(caller, given.document, revision=given.revision))


@router.post("/gateway/config/check")
def check_gateway_config(services: With, caller: Owner, given: c.ConfigTrial) -> c.ConfigChecked:
    """Say what a document would change, and what is wrong with it; nothing is changed."""
    return c.ConfigChecked.of(services.gateway_documents.check(caller, given.document))


@router.post("/gateway/config/write")
def write_gateway_config(_: Owner, given: c.ConfigTrial) -> c.ConfigText:
    """Write a document as TOML, as `gateway.toml` has it; nothing is changed."""
    return c.ConfigText(text=document_text.written(given.document))


@router.post("/gateway/config/read")
def read_gateway_config(_: Owner, given: c.ConfigTextInput) -> c.ConfigRead:
    """Read a document from TOML, or from JSON; nothing is changed."""
    return c.ConfigRead.of(given.text)


@router.get("/gateway/config/schema")
def get_gateway_config_schema(_: Owner) -> c.ConfigSchema:
    """Describe documents, as JSON Schema."""
    return c.ConfigSchema(json_schema=GatewayConfig.model_json_schema())


@router.get("/gateway/config/history")
def list_gateway_configs(
    services: With, caller: Owner, query: Annotated[c.ConfigHistoryQuery, Query()]
) -> c.ConfigHistory:
    """List who changed the project's document, when, and what, the latest change first."""
    entries, cursor = services.gateway_documents.history(caller, limit=query.limit, cursor=query.cursor)
    return c.ConfigHistory.trusted(items=[c.ConfigRevision.of(one) for one in entries], cursor=cursor)


@router.get("/gateway/config/history/{revision}")
def get_earlier_gateway_config(services: With, caller: Owner, revision: _Revision) -> c.EarlierConfig:
    """Show an earlier document."""
    made, document = services.gateway_documents.revision(caller, revision)
    return c.EarlierConfig.of(made, dict(document))


@router.post("/gateway/config/restore")
def restore_gateway_config(services: With, caller: Owner, given: c.RestoreInput) -> c.ConfigTaken:
    """Make an earlier document hold again, as a new revision."""
    return c.ConfigTaken.of(services.gateway_documents.restore(caller, given.restore, revision=given.revision))
