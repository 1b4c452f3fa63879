"""`record_content = off`: what was said is dropped at the door; names, ids, times, tokens and costs stay.

Numbers and booleans stay whatever their name, texts only under names that are known to hold no content. So an attribute
that nobody here has heard of is dropped, not leaked.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from masthead.ingest.wire import JsonObject, WireEvent, WireLink, WireSpan
from masthead.model import attributes as names
from masthead.model.span import AttributeValue
from masthead.semconv.conventions import ALL
from masthead.semconv.table import Field, chain

_KEPT_FIELDS: Final[tuple[Field, ...]] = (
    "agent_id",
    "agent_name",
    "provider",
    "model_requested",
    "model",
    "tool_name",
    "tool_call_id",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "cost_usd",
    "session_id",
    "user_id",
    "tags",
    "system",
)
_KEPT_NAMES: Final = frozenset(
    {
        *(name for field in _KEPT_FIELDS for name in chain(ALL, field)),
        *(name for one in ALL for name in one.operations),
        names.ERROR_TYPE,
        names.RUN_SYSTEM,
        names.RUN_TASK_ID,
        names.RUN_ENDING,
        names.RUN_TIMES,
        names.TURN_ACT,
        names.TURN_ADDRESSEES,
        names.TURN_TIMES,
        "exception.type",
        "gen_ai.response.id",
        "gen_ai.response.finish_reasons",
        "gen_ai.output.type",
        "gen_ai.tool.type",
        "graph.node.id",
        "graph.node.parent_id",
        "langfuse.observation.usage_details",
        "traceloop.entity.name",
        "traceloop.entity.path",
        "traceloop.workflow.name",
    }
)


def without_content(spans: Sequence[WireSpan]) -> list[WireSpan]:
    """Return the spans without what was said, asked, answered or reported as an error."""
    resources: dict[int, JsonObject] = {}
    return [
        span._replace(
            status_message="",
            attributes=_kept(span.attributes),
            events=tuple(WireEvent(one.name, one.time_ns, _kept(one.attributes)) for one in span.events),
            links=tuple(WireLink(one.trace_id, one.span_id, _kept(one.attributes)) for one in span.links),
            resource=resources.setdefault(id(span.resource), _plain(span.resource)),
        )
        for span in spans
    ]


def _kept(attributes: Mapping[str, AttributeValue]) -> JsonObject:
    return {key: value for key, value in attributes.items() if isinstance(value, int | float) or key in _KEPT_NAMES}


def _plain(resource: JsonObject) -> JsonObject:
    """Return what a resource says of the service and its SDK; a command line can hold anything."""
    return {key: value for key, value in resource.items() if key.startswith(("service.", "telemetry.", "deployment."))}
