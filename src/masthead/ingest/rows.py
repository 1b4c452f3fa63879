"""Decoded spans to rows of the span store: what lists need is read off, model calls are priced, the rest is JSON."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

import orjson

from masthead.ingest.wire import JsonObject, WireSpan
from masthead.model.attributes import (
    CACHE_WRITE_HOUR,
    INPUT_AUDIO,
    OUTPUT_AUDIO,
    RECORDED_PRICE,
    REQUEST_MODEL,
    RUN_TIMES,
)
from masthead.model.ids import ProjectId
from masthead.model.reading import Operation
from masthead.model.span import Attributes
from masthead.providers.prices import Prices
from masthead.semconv import EXCEPTION, Narrow, has_failed, narrow
from masthead.store.traces.append import SpanRow

_ERROR: Final = 2
_MAX_COST_USD: Final = Decimal(10) ** 12
_MAX_TOKENS: Final = 1 << 53
_MAX_TEXT: Final = 2_000
"""Characters of a task or of metadata that lists show; the whole text stays in the span's attributes."""
_MAX_NAME: Final = 200
"""The same for systems and tags."""
_PRICED: Final = frozenset({Operation.LLM, Operation.EMBEDDING})


def rows_of(project: ProjectId, spans: Iterable[WireSpan], prices: Prices) -> Iterator[SpanRow]:
    """Yield one row a span, in order."""
    resource: JsonObject | None = None
    resource_json, service = b"{}", None
    for span in spans:
        if span.resource is not resource:
            resource = span.resource
            resource_json, service = _json(resource), _service(resource)
        yield _row(project, span, resource_json, service, prices)


def _row(project: ProjectId, span: WireSpan, resource_json: bytes, service: str | None, prices: Prices) -> SpanRow:
    is_root = not span.parent_span_id
    facts = narrow(span.attributes, span.name, is_root=is_root)
    cost_usd, price_version = _cost(facts, span.attributes, span.start_ns, prices)
    system, outcome = facts.system, facts.outcome
    is_error = has_failed(span.attributes, _exceptions(span), is_status_error=span.status == _ERROR)
    if is_root:
        system = system or service
        if outcome is None and is_error:
            outcome = "error"
    return SpanRow(
        project,
        span.trace_id,
        span.span_id,
        span.parent_span_id,
        span.name,
        span.kind if 0 <= span.kind <= 5 else 0,
        span.start_ns,
        span.end_ns,
        span.status if 0 <= span.status <= _ERROR else 0,
        span.status_message or None,
        span.scope_name or None,
        span.scope_version or None,
        _json(span.attributes),
        _events(span) if span.events else b"",
        _links(span) if span.links else b"",
        resource_json,
        facts.operation,
        facts.agent_id,
        facts.agent_name,
        facts.model,
        facts.provider,
        facts.tool_name,
        _tokens(facts.input_tokens),
        _tokens(facts.output_tokens),
        _tokens(facts.cache_read_tokens),
        _tokens(facts.cache_write_tokens),
        None,
        facts.session_id,
        facts.user_id,
        tuple(_preview(tag, _MAX_NAME) for tag in facts.tags),
        {key: _preview(value, _MAX_TEXT) for key, value in facts.metadata.items()},
        None if facts.task is None else _preview(facts.task, _MAX_TEXT),
        None if system is None else _preview(system, _MAX_NAME),
        outcome,
        cost_usd,
        price_version,
        is_error,
        not (is_root and span.attributes.get(RUN_TIMES) == "synthetic"),
    )


def _exceptions(span: WireSpan) -> Iterator[Attributes]:
    return (event.attributes for event in span.events if event.name == EXCEPTION)


def _preview(text: str, limit: int) -> str:
    """Return the text, cut to so many characters with an ellipsis as the last."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _cost(facts: Narrow, told: Attributes, start_ns: int, prices: Prices) -> tuple[Decimal | None, str | None]:
    """Return the recorded cost where there is one, else the catalogue's, and where it is from.

    A model that answers by a name without a price, such as the path of its file, costs what the one that was asked for
    does: a gateway's budget counts it so too.
    """
    if facts.cost_usd is not None:
        return (facts.cost_usd, RECORDED_PRICE) if facts.cost_usd < _MAX_COST_USD else (None, None)
    if facts.model is None or facts.operation not in _PRICED:
        return None, None
    model, asked = facts.model, told.get(REQUEST_MODEL)
    if isinstance(asked, str) and asked != model and not _is_priced(prices, facts.provider, model, start_ns):
        model = asked
    cost_usd = prices.cost_usd(
        provider=facts.provider,
        model=model,
        start_ns=start_ns,
        input_tokens=_tokens(facts.input_tokens),
        output_tokens=_tokens(facts.output_tokens),
        cache_read_tokens=_tokens(facts.cache_read_tokens),
        cache_write_tokens=_tokens(facts.cache_write_tokens),
        cache_write_hour_tokens=_told_tokens(told, CACHE_WRITE_HOUR),
        input_audio_tokens=_told_tokens(told, INPUT_AUDIO),
        output_audio_tokens=_told_tokens(told, OUTPUT_AUDIO),
        has_output=facts.operation is Operation.LLM,
    )
    return (cost_usd, prices.version) if cost_usd is not None and cost_usd < _MAX_COST_USD else (None, None)


def _is_priced(prices: Prices, provider: str | None, model: str, at_ns: int) -> bool:
    return prices.rates(provider=provider, model=model, at_ns=at_ns) is not None


def _told_tokens(told: Attributes, name: str) -> int | None:
    count = told.get(name)
    return _tokens(count) if isinstance(count, int) else None


def _tokens(count: int | None) -> int | None:
    return count if count is not None and 0 <= count < _MAX_TOKENS else None


def _service(resource: JsonObject) -> str | None:
    name = resource.get("service.name")
    return name if isinstance(name, str) and name and not name.startswith("unknown_service") else None


def _events(span: WireSpan) -> bytes:
    return _json([{"name": one.name, "time_ns": one.time_ns, "attributes": one.attributes} for one in span.events])


def _links(span: WireSpan) -> bytes:
    return _json(
        [
            {"trace_id": one.trace_id.hex(), "span_id": one.span_id.hex(), "attributes": one.attributes}
            for one in span.links
        ]
    )


def _json(value: object) -> bytes:
    """Return the value as JSON, copied to where it fits.

    orjson grows its buffer by doubling and gives back the rest in place, where nothing else fits: rows that wait to be
    inserted took four times their JSON (measured: 98 MB instead of 25 for 10,240 spans).
    """
    return b"".join((orjson.dumps(value), b""))
