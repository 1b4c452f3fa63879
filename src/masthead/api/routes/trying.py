"""Trying a model: what may be named, and recorded calls that can be made again. The calls go to the gateway itself."""

from fastapi import APIRouter

from masthead.api.gateway_callers import identity_of
from masthead.api.routes.taken import RunIdPath, SpanIdPath, Viewer, With
from masthead.api.schema import trying as t
from masthead.api.services import Services
from masthead.gateway.offer import Offered, offered
from masthead.gateway.recorded import recorded_call
from masthead.gateway.seams import Refused
from masthead.model.errors import Conflict, NotFound
from masthead.model.ids import RunId, SpanId
from masthead.providers.vendors import vendor_of

router = APIRouter(tags=["gateway"])


@router.get("/gateway/models")
def list_served_models(services: With, caller: Viewer) -> t.ServedModels:
    """List what the caller may name as a model at this project's gateway, with limits and prices."""
    try:
        config = services.gateway.config_of(caller.project_id)
    except Refused as error:
        raise Conflict(str(error)) from error
    names = offered(config, identity_of(caller), lambda row: _known(services, row))
    takes_any = any(not one.models for one in config.connections.values())
    return t.ServedModels(items=[_served(services, one) for one in names], takes_any=takes_any)


@router.get("/runs/{run_id}/spans/{span_id}/call")
def get_recorded_call(services: With, caller: Viewer, run_id: RunIdPath, span_id: SpanIdPath) -> t.RecordedCall:
    """Show a recorded model call as a request in OpenAI's chat completions, to be made again."""
    span = services.store.span(caller.project_id, RunId(run_id), SpanId(span_id))
    if span is None:
        raise NotFound(f"no span {span_id!r} of run {run_id!r} in project {caller.project_id!r}")
    return t.RecordedCall.of(recorded_call(span))


def _known(services: Services, provider: str) -> list[str]:
    cards = services.models.listed(at_ns=services.clock.now_ns(), provider=provider)
    return [card.model for card in cards if "embeddings" not in (card.capabilities or ())]


def _served(services: Services, one: Offered) -> t.ServedModel:
    first = one.places[0]
    row = vendor_of(first.provider)
    provider = None if row.id == "openai-compatible" else row.id
    card = services.models.card(provider, first.model, at_ns=services.clock.now_ns())
    return t.ServedModel.of(one, card, row.limit_field)
