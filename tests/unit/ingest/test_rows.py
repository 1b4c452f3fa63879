import json
from decimal import Decimal

import pytest

from masthead.ingest.rows import rows_of
from masthead.ingest.wire import JsonObject, WireEvent, WireLink, WireSpan
from masthead.model.ids import ProjectId
from masthead.providers.prices import PRICE_VERSION, Prices
from masthead.store.traces.append import SpanRow

pytestmark = pytest.mark.unit

RESOURCE: JsonObject = {"service.name": "desk"}
CALL: JsonObject = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}


def row(attributes: JsonObject, **changed: object) -> SpanRow:
    span = WireSpan(
        b"t" * 16, b"s" * 8, b"p" * 8, "a span", 3, 1_760_000_000_000_000_000, 1_760_000_001_000_000_000, 0, "",
        attributes, (), (), RESOURCE, "scope", "",
    )  # fmt: skip
    return next(rows_of(ProjectId("p"), [span._replace(**changed)], Prices()))


def test_span_becomes_a_row_with_its_json_and_scalars():
    more: JsonObject = {"gen_ai.agent.name": "planner", "naïve": [1, {"a": None}]}
    made = row(
        CALL | more,
        events=(WireEvent("said", 5, {"x": 1}),),
        links=(WireLink(b"\x01" * 16, b"\x02" * 8, {}),),
    )
    assert (made.project, made.run_id, made.parent_span_id) == ("p", b"t" * 16, b"p" * 8)
    assert (made.name, made.kind, made.status, made.status_message) == ("a span", 3, 0, None)
    assert (made.scope_name, made.scope_version) == ("scope", None)
    assert json.loads(made.attributes)["naïve"] == [1, {"a": None}]
    assert json.loads(made.events) == [{"name": "said", "time_ns": 5, "attributes": {"x": 1}}]
    assert json.loads(made.links) == [{"trace_id": "01" * 16, "span_id": "02" * 8, "attributes": {}}]
    assert json.loads(made.resource) == RESOURCE
    assert (made.operation, made.agent, made.model, made.input_tokens) == ("llm", "planner", "gpt-4o", 1000)


def test_model_call_is_priced_and_the_catalogue_named():
    made = row(CALL)
    assert (made.cost_usd, made.price_version) == (Decimal("0.0035"), PRICE_VERSION)


def test_recorded_cost_is_kept_instead():
    made = row(CALL | {"masthead.cost_usd": "0.25"})
    assert (made.cost_usd, made.price_version) == (Decimal("0.25"), "recorded")


def test_unknown_model_has_no_cost_and_no_price_version():
    made = row(CALL | {"gen_ai.response.model": "house-7b"})
    assert (made.cost_usd, made.price_version) == (None, None)


def test_a_model_that_answers_by_a_name_without_a_price_costs_what_was_asked_for():
    asked = CALL | {"gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "/models/7b.gguf"}
    assert row(asked).cost_usd == Decimal("0.0035")
    assert row(asked).model == "/models/7b.gguf"
    swapped = CALL | {"gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-mini"}
    assert row(swapped).cost_usd == row(CALL | {"gen_ai.response.model": "gpt-4o-mini"}).cost_usd
    assert row(asked | {"gen_ai.request.model": "house-7b"}).cost_usd is None


def test_agents_and_tools_are_not_priced():
    assert row(CALL | {"gen_ai.operation.name": "invoke_agent"}).cost_usd is None


def test_system_of_a_root_is_its_service_where_nothing_else_says():
    assert row({}, parent_span_id=b"").system == "desk"
    assert row({}).system is None
    assert row({}, parent_span_id=b"", resource={"service.name": "unknown_service:python"}).system is None
    assert row({"masthead.run.system": "shop"}, parent_span_id=b"").system == "shop"


def test_root_that_failed_is_an_error_unless_the_record_says_otherwise():
    assert row({}, parent_span_id=b"", status=2).outcome == "error"
    assert row({}, status=2).outcome is None
    assert row({"masthead.run.is_success": True}, parent_span_id=b"", status=2).outcome == "success"


def test_numbers_that_no_column_holds_become_unknown():
    made = row(CALL | {"gen_ai.usage.input_tokens": 1 << 62, "masthead.cost_usd": "1e30"}, kind=99, status=7)
    assert (made.input_tokens, made.cost_usd, made.kind, made.status) == (None, None, 0, 0)


def test_lists_carry_previews_and_the_attributes_the_whole_text():
    long = "å" * 5_000
    attributes: JsonObject = {
        "masthead.run.task": long,
        "masthead.run.system": long,
        "masthead.run.tags": json.dumps(["short", long]),
        "masthead.run.metadata": json.dumps({"note": long, "build": "7"}),
    }
    made = row(attributes, parent_span_id=b"")
    assert made.task == "å" * 1_999 + "…"
    assert made.system == "å" * 199 + "…"
    assert made.tags == ("short", "å" * 199 + "…")
    assert made.metadata == {"note": "å" * 1_999 + "…", "build": "7"}
    assert json.loads(made.attributes) == attributes
    assert row({"masthead.run.task": "t" * 2_000}, parent_span_id=b"").task == "t" * 2_000


@pytest.mark.parametrize(
    ("said", "is_error"),
    [
        ({"exception.type": "ValueError"}, True),
        ({"exception.type": "langgraph.errors.GraphInterrupt"}, False),
        ({"exception.type": "langgraph.errors.ParentCommand"}, False),
        ({}, True),
    ],
)
def test_an_exception_that_only_steers_a_graph_is_no_error(said: JsonObject, is_error: bool):
    made = row(CALL, status=2, parent_span_id=b"", events=(WireEvent("exception", 5, said),))
    assert (made.status, made.is_error, made.outcome) == (2, is_error, "error" if is_error else None)
    assert row(CALL, status=2, events=(WireEvent("exception", 5, said),)).is_error is is_error


def test_what_langfuse_calls_an_error_is_one_without_a_status():
    assert row(CALL | {"langfuse.observation.level": "ERROR"}).is_error
    assert not row(CALL | {"langfuse.observation.level": "WARNING"}).is_error


def test_a_root_whose_times_are_made_up_is_not_dated():
    times: JsonObject = {"masthead.run.times": "synthetic"}
    assert not row(times, parent_span_id=b"").is_dated
    assert row({"masthead.run.times": "mixed"}, parent_span_id=b"").is_dated
    assert row({}, parent_span_id=b"").is_dated
