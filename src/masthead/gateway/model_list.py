"""`/v1/models`: what a key may ask for, in the form of the dialect that asks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from masthead.gateway.answers import JSON, said
from masthead.gateway.call import Answer
from masthead.gateway.seams import ModelEntry
from masthead.providers.dialects import Dialect


def models_answer(models: Sequence[ModelEntry], path: str, dialect: Dialect) -> Answer:
    """Return the list of models, or the one that the path names; all of them in one page."""
    entry_of = _anthropic if dialect is Dialect.ANTHROPIC else _openai
    wanted = path.removeprefix("/v1/models").removeprefix("/")
    if wanted:
        found = next((one for one in models if one.id == wanted), None)
        if found is None:
            return said(dialect, 404, f"there is no model {wanted!r}, or not for this key")
        return Answer(200, (JSON,), msgspec.json.encode(entry_of(found)))
    listed: dict[str, Any] = {"data": [entry_of(one) for one in models]}
    if dialect is Dialect.ANTHROPIC:
        ends = (models[0].id, models[-1].id) if models else (None, None)
        listed |= {"has_more": False, "first_id": ends[0], "last_id": ends[1]}
    else:
        listed = {"object": "list", **listed}
    return Answer(200, (JSON,), msgspec.json.encode(listed))


def _openai(model: ModelEntry) -> dict[str, Any]:
    return {"id": model.id, "object": "model", "created": model.created_s, "owned_by": model.owned_by}


def _anthropic(model: ModelEntry) -> dict[str, Any]:
    created = datetime.fromtimestamp(model.created_s, UTC).isoformat().replace("+00:00", "Z")
    return {"type": "model", "id": model.id, "display_name": model.id, "created_at": created}
