import base64
import contextlib
import json
import math
import re
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from masthead.ingest import otlp_json, otlp_protobuf
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.one_of(
    TEXT, st.booleans(), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(), st.binary(max_size=20), st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


def any_value(value: Any) -> AnyValue:
    made = AnyValue()
    match value:
        case bool():
            made.bool_value = value
        case str():
            made.string_value = value
        case int():
            made.int_value = value
        case float():
            made.double_value = value
        case bytes():
            made.bytes_value = value
        case list():
            made.array_value.SetInParent()
            made.array_value.values.extend([any_value(item) for item in cast("list[Any]", value)])
        case dict():
            made.kvlist_value.SetInParent()
            for key, item in cast("dict[str, Any]", value).items():
                made.kvlist_value.values.add(key=key, value=any_value(item))
        case _:
            pass
    return made


def any_json(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case str():
            return {"stringValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            text = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            return {"doubleValue": value if math.isfinite(value) else text}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case list():
            return {"arrayValue": {"values": [any_json(item) for item in cast("list[Any]", value)]}}
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {"kvlistValue": {"values": [{"key": key, "value": any_json(item)} for key, item in items]}}
        case _:
            return {}


SPANS = st.fixed_dictionaries(
    {
        "trace_id": st.binary(min_size=16, max_size=16),
        "span_id": st.binary(min_size=8, max_size=8),
        "parent_span_id": st.sampled_from([b"", bytes(8), b"parentid"]),
        "name": TEXT,
        "kind": st.integers(0, 5),
        "start": st.integers(0, (1 << 63) - 1),
        "end": st.integers(0, (1 << 63) - 1),
        "code": st.integers(0, 2),
        "message": TEXT,
        "attributes": st.dictionaries(TEXT, VALUES, max_size=4),
        "events": st.lists(st.tuples(TEXT, st.dictionaries(TEXT, SCALARS, max_size=2)), max_size=2),
    }
)


def as_protobuf(spans: list[dict[str, Any]], resource: dict[str, Any]) -> bytes:
    request = ExportTraceServiceRequest()
    held = request.resource_spans.add()
    for key, value in resource.items():
        held.resource.attributes.add(key=key, value=any_value(value))
    scoped = held.scope_spans.add()
    scoped.scope.name, scoped.scope.version = "scope", "1"
    for span in spans:
        made = scoped.spans.add(
            trace_id=span["trace_id"],
            span_id=span["span_id"],
            parent_span_id=span["parent_span_id"],
            name=span["name"],
            kind=span["kind"],
            start_time_unix_nano=span["start"],
            end_time_unix_nano=span["end"],
        )
        made.status.code, made.status.message = span["code"], span["message"]
        for key, value in span["attributes"].items():
            made.attributes.add(key=key, value=any_value(value))
        for name, attributes in span["events"]:
            event = made.events.add(name=name, time_unix_nano=5)
            for key, value in attributes.items():
                event.attributes.add(key=key, value=any_value(value))
    return request.SerializeToString()


def as_json(spans: list[dict[str, Any]], resource: dict[str, Any]) -> bytes:
    def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"key": key, "value": any_json(value)} for key, value in attributes.items()]

    made = [
        {
            "traceId": span["trace_id"].hex().upper(),
            "spanId": span["span_id"].hex(),
            "parentSpanId": span["parent_span_id"].hex(),
            "name": span["name"],
            "kind": span["kind"],
            "startTimeUnixNano": str(span["start"]),
            "endTimeUnixNano": span["end"],
            "status": {"code": span["code"], "message": span["message"]},
            "attributes": pairs(span["attributes"]),
            "events": [
                {"name": name, "timeUnixNano": "5", "attributes": pairs(attributes)}
                for name, attributes in span["events"]
            ],
            "droppedAttributesCount": 0,
        }
        for span in spans
    ]
    scope = {"scope": {"name": "scope", "version": "1"}, "spans": made}
    whole = {"resourceSpans": [{"resource": {"attributes": pairs(resource)}, "scopeSpans": [scope]}]}
    return json.dumps(whole, ensure_ascii=False).encode()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SPANS, max_size=3), st.dictionaries(TEXT, SCALARS, max_size=2))
def test_json_and_protobuf_of_the_same_spans_decode_alike(spans: list[dict[str, Any]], resource: dict[str, Any]):
    message = otlp_protobuf.parse(as_protobuf(spans, resource))
    count, refused = otlp_protobuf.check(message, 0)
    from_protobuf = list(otlp_protobuf.decode(message, 0))
    from_json, refused_json = otlp_json.read(as_json(spans, resource))
    assert from_protobuf == from_json
    assert count == len(spans) == len(from_json) + len(refused)
    assert [one.reason for one in refused] == [one.reason for one in refused_json]


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_spans_or_a_clear_error(body: bytes):
    for read in (
        lambda: list(otlp_protobuf.decode(otlp_protobuf.parse(body), 0)),
        lambda: otlp_json.read(body),
    ):
        with contextlib.suppress(InvalidInput):
            read()


@settings(deadline=None, max_examples=150)
@given(st.lists(SPANS, min_size=1, max_size=2), st.data())
def test_mutated_bodies_are_spans_or_a_clear_error(spans: list[dict[str, Any]], data: st.DataObject):
    for body in (as_protobuf(spans, {}), as_json(spans, {})):
        place = data.draw(st.integers(0, len(body) - 1))
        changed = data.draw(
            st.sampled_from([body[:place], body[:place] + b"\xff" + body[place + 1 :], body + body[place:], body[::-1]])
        )
        with contextlib.suppress(InvalidInput):
            otlp_json.read(changed)
        with contextlib.suppress(InvalidInput):
            list(otlp_protobuf.decode(otlp_protobuf.parse(changed), len(changed)))


GOOD: dict[str, Any] = {
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "b7ad6b7169203331",
    "startTimeUnixNano": "1700000000000000000",
    "endTimeUnixNano": "1700000001000000000",
}


def wrapped(*spans: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}).encode()


def attribute(value: Any) -> dict[str, Any]:
    return {**GOOD, "attributes": [{"key": "k", "value": value}]}


@pytest.mark.parametrize(
    ("span", "reason", "told"),
    [
        ({**GOOD, "traceId": "0" * 32}, "trace_id", "is not 16 bytes"),
        ({**GOOD, "traceId": "0af765"}, "trace_id", "'0af765'"),
        ({**GOOD, "spanId": "zzzzzzzzzzzzzzzz"}, "malformed", "spans[0].spanId"),
        ({**GOOD, "spanId": None}, "span_id", "is not 8 bytes"),
        ({**GOOD, "startTimeUnixNano": "0"}, "time", "between 1970 and 2262"),
        ({**GOOD, "startTimeUnixNano": "18446744073709551615"}, "malformed", "64-bit"),
        ({**GOOD, "startTimeUnixNano": "--5"}, "malformed", "64-bit"),
        ({**GOOD, "name": 7}, "malformed", "7 is not text"),
        (attribute({"intValue": "99999999999999999999"}), "malformed", "64-bit"),
        (attribute({"intValue": 10**30}), "malformed", "64-bit"),
        (attribute({"intValue": True}), "malformed", "64-bit"),
        (attribute({"boolValue": "yes"}), "malformed", "boolValue"),
        (attribute({"doubleValue": "many"}), "malformed", "not a number"),
        (attribute([]), "malformed", "not an object"),
        ("not a span", "malformed", "not an object"),
    ],
)
def test_json_span_that_cannot_be_read_is_refused_alone_with_its_place(span: Any, reason: str, told: str):
    spans, refused = otlp_json.read(wrapped(span, GOOD))
    assert [one.span_id.hex() for one in spans] == ["b7ad6b7169203331"]
    assert [one.reason for one in refused] == [reason]
    assert told in refused[0].detail


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not JSON"),
        (b"[]", "not an object"),
        (b'{"resourceSpans": 5}', "resourceSpans"),
        (b'{"resourceSpans": [[]]}', "resourceSpans[0]"),
        (b'{"resource_spans": []}', "lowerCamelCase"),
        (b'{"resourceSpans": [{"scopeSpans": [{"scope": 5}]}]}', "scope"),
        (b'{"x": NaN}', "not JSON"),
        (b'{"x": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b'{"resourceSpans": [' + b"[" * 1_000 + b"]" * 1_000 + b"]}", "resourceSpans[0]: a list is not an object"),
        (b'{"resourceSpans": [{"resource": "' + b"x" * 1_000 + b'"}]}', "'" + "x" * 80 + "' is not an object"),
    ],
)
def test_json_body_that_is_no_otlp_is_refused_as_a_whole(body: bytes, told: str):
    with pytest.raises(InvalidInput, match=re.escape(told)):
        otlp_json.read(body)


def test_nesting_beyond_the_limit_is_refused_and_within_it_is_kept():
    def nested(depth: int) -> dict[str, Any]:
        value: dict[str, Any] = {"stringValue": "deep"}
        for _ in range(depth):
            value = {"arrayValue": {"values": [value]}}
        return attribute(value)

    spans, refused = otlp_json.read(wrapped(nested(60), nested(70)))
    assert len(spans) == 1
    assert "64 deep" in refused[0].detail


def nested_protobuf(depth: int) -> bytes:
    def field(tag: int, inner: bytes) -> bytes:
        size, length = bytearray(), len(inner)
        while length > 0x7F:
            size.append(length & 0x7F | 0x80)
            length >>= 7
        return bytes([tag, *size, length]) + inner

    value = any_value("deep").SerializeToString()
    for _ in range(depth):
        value = field(0x2A, field(0x0A, value))
    span = field(0x0A, bytes([1]) * 16) + field(0x12, bytes([2]) * 8) + b"\x39" + (1 << 60).to_bytes(8, "little")
    span += field(0x4A, field(0x0A, b"k") + field(0x12, value))
    return field(0x0A, field(0x12, field(0x12, span)))


def test_protobuf_nested_without_end_is_refused():
    (span,) = otlp_protobuf.decode(otlp_protobuf.parse(nested_protobuf(20)), 0)
    assert str(span.attributes["k"]) == "[" * 20 + "'deep'" + "]" * 20
    with pytest.raises(InvalidInput, match="protobuf"):
        otlp_protobuf.parse(nested_protobuf(5000))


def test_protobuf_text_that_is_not_utf8_is_refused():
    body = as_protobuf([], {"service.name": "café"}).replace("é".encode(), b"\xff\xfe")
    with pytest.raises(InvalidInput, match="protobuf"):
        otlp_protobuf.parse(body)


def test_numbers_that_json_cannot_hold_become_their_names():
    spans, _ = otlp_json.read(wrapped(attribute({"doubleValue": "NaN"}), attribute({"doubleValue": "1e999"})))
    assert [span.attributes["k"] for span in spans] == ["NaN", "Infinity"]


def test_enumerations_are_read_by_number_and_by_name():
    span = {**GOOD, "kind": "SPAN_KIND_CLIENT", "status": {"code": "STATUS_CODE_ERROR", "message": "no"}}
    (read,), _ = otlp_json.read(wrapped(span))
    assert (read.kind, read.status, read.status_message) == (3, 2, "no")


def test_large_bodies_are_read_a_span_at_a_time_to_the_same_spans():
    spans = [
        GOOD,
        {**GOOD, "spanId": "zz"},
        {**GOOD, "attributes": [{"key": "text", "value": {"stringValue": "ü" * 2_500_000}}]},
    ]
    body = wrapped(*spans)
    assert len(body) > otlp_json.WHOLE_BYTES
    spans_read, refused = otlp_json.read(body)
    small, refused_small = otlp_json.read(wrapped(GOOD, {**GOOD, "spanId": "zz"}))
    assert spans_read[0] == small[0]
    assert [len(str(span.attributes.get("text", ""))) for span in spans_read] == [0, 2_500_000]
    assert refused == refused_small
    assert otlp_json.check(body) == (2, refused)
    assert list(otlp_json.decode(body)) == spans_read


@pytest.mark.parametrize(
    "frame",
    [
        b"[",
        b"{}{}",
        b'{"resourceSpans": 1}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}',
        b'{"resource_spans": []}',
    ],
)
def test_large_bodies_whose_frame_is_wrong_are_refused_whole(frame: bytes):
    with pytest.raises(InvalidInput):
        otlp_json.read(frame + b" " * otlp_json.WHOLE_BYTES)


def test_empty_parts_of_a_large_body_hold_no_spans():
    body = (
        b'{"resourceSpans": [{"resource": null, "scopeSpans": null}, {"scopeSpans": [{"scope": null, "spans": null}]}]}'
    )
    assert otlp_json.read(body + b" " * otlp_json.WHOLE_BYTES) == otlp_json.read(body) == ([], [])
