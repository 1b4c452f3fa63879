"""Damaged logs: every one is read or refused with its place; none crashes a reader, and none takes for ever."""

import io
import json
import random
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masthead.conversation.written import spans_of
from masthead.ingest.importers.family import ImportedRun, Record
from masthead.ingest.importers.registry import BY_ID, family_named, family_of, read
from masthead.ingest.records import records
from masthead.ingest.sources import BROKEN, document_of
from masthead.ingest.span_record import from_span
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit

FORMATS = sorted(BY_ID)
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def survive(log: bytes, format_id: str | None = None) -> int:
    """Read the log as an import does; return how many runs came out. Anything but `InvalidInput` fails the test."""
    runs = 0
    for document in document_of("log", io.BytesIO(log)):
        if document.problem is not None:
            continue
        try:
            for record in records(document, kind=BY_ID[format_id].kind if format_id else None):
                if isinstance(record, InvalidInput):
                    assert record.where
                else:
                    runs += _read(record, format_id)
        except BROKEN:
            continue  # what a decompressor says in the middle of a stream
    return runs


def _read(record: Record, format_id: str | None) -> int:
    family = family_named(format_id) if format_id else family_of(record)
    if family is None:
        return 0
    runs = 0
    try:
        for imported in read(family, record):
            if isinstance(imported, ImportedRun):
                assert imported.conversation.turns
                for span in spans_of(imported.conversation, start_ns=1_700_000_000_000_000_000):
                    from_span(span)
                runs += 1
    except InvalidInput as error:
        refused = error
        assert str(refused).startswith("log")
    return runs


@pytest.mark.parametrize("format_id", FORMATS)
@quick
@given(data=st.data())
def test_a_truncated_log_is_no_crash(samples: dict[str, bytes], format_id: str, data: st.DataObject) -> None:
    log = samples[format_id]
    survive(log[: data.draw(st.integers(0, len(log)))], data.draw(st.sampled_from([None, format_id])))


@pytest.mark.parametrize("format_id", FORMATS)
@quick
@given(seed=st.integers(0, 2**32), damage=st.sampled_from([b"\x00", b"\xff\xfe", b'"', b"}", b"[", b"\n", b"\\u"]))
def test_a_damaged_log_is_no_crash(samples: dict[str, bytes], format_id: str, seed: int, damage: bytes) -> None:
    log = bytearray(samples[format_id])
    choice = random.Random(seed)
    for _ in range(choice.randint(1, 8)):
        at = choice.randrange(len(log))
        log[at : at + choice.randint(0, 3)] = damage
    survive(bytes(log), format_id if seed % 2 else None)


@pytest.mark.parametrize("format_id", FORMATS)
@quick
@given(seed=st.integers(0, 2**32))
def test_a_log_in_another_order_or_twice_is_no_crash(samples: dict[str, bytes], format_id: str, seed: int) -> None:
    lines = samples[format_id].split(b"\n")
    random.Random(seed).shuffle(lines)
    survive(b"\n".join(lines + lines[: len(lines) // 2]), format_id)


JSON_FORMATS = [format_id for format_id in FORMATS if BY_ID[format_id].kind == "json" and format_id != "inspect"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("format_id", JSON_FORMATS)
@quick
@given(data=st.data())
def test_fields_of_any_other_type_are_no_crash(samples: dict[str, bytes], format_id: str, data: st.DataObject) -> None:
    value = json.loads(samples[format_id])
    places = list(_places(value))
    for holder, key in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4)):
        holder[key] = data.draw(ANYTHING)
    _read(Record(name="log", value=value), format_id)
    _read(Record(name="log", value=value), None)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of the JSON with each of its keys."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(cast("dict[str, Any]", value))
    elif isinstance(value, list):
        keys = list(range(len(cast("list[Any]", value))))
    for key in keys:
        yield value, key
        yield from _places(value[key])


@pytest.mark.parametrize("format_id", FORMATS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_another_encoding_is_read_or_refused(samples: dict[str, bytes], format_id: str, encoding: str) -> None:
    if format_id == "inspect":
        pytest.skip("a zip has no encoding")
    text = samples[format_id].decode()
    runs = survive(text.encode(encoding, "replace"))
    assert runs == survive(samples[format_id])


@given(noise=st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_noise_is_no_log(noise: bytes) -> None:
    for format_id in (None, "transcript", "openai-messages"):
        survive(noise, format_id)


@pytest.mark.parametrize("format_id", FORMATS)
def test_nothing_is_no_log(format_id: str) -> None:
    for log in (b"", b" \n\t\n", b"{}", b"[]", b"[[]]", b"null", b'{"trajectory": []}', b'{"messages": [{}]}'):
        assert survive(log, format_id) == 0
        assert survive(log) == 0


def test_a_lone_surrogate_is_replaced() -> None:
    log = b'[{"role": "user", "content": "a"}, {"role": "assistant", "content": "caf\\u00e9 \\ud83d"}]'
    value = json.loads(log)
    (imported,) = read(family_named("openai-messages"), Record(name="log", value=value))
    assert isinstance(imported, ImportedRun)
    assert imported.conversation.turns[1].text == "café \N{REPLACEMENT CHARACTER}"


def test_a_run_of_50_000_turns_is_read_whole() -> None:
    messages = [{"role": ("user", "assistant")[n % 2], "content": f"turn {n}"} for n in range(50_000)]
    (record,) = [r for d in document_of("log", io.BytesIO(json.dumps(messages).encode())) for r in records(d)]
    assert isinstance(record, Record)
    (imported,) = read(family_named("openai-messages"), record)
    assert isinstance(imported, ImportedRun)
    assert [turn.index for turn in imported.conversation.turns] == list(range(50_000))
    assert imported.conversation.turns[-1].text == "turn 49999"


@pytest.mark.parametrize(
    "line",
    ["x" * 10_000_000, '"' * 3_000_000, "```\n" * 300_000, "[ " * 1_000_000, "a: " * 1_000_000, "\\boxed{" * 500_000],
    ids=["one line", "quotes", "fences", "brackets", "colons", "boxes"],
)
def test_ten_megabytes_in_one_turn_are_read(line: str) -> None:
    log = json.dumps([{"role": "user", "content": "hi"}, {"role": "assistant", "content": line}]).encode()
    assert survive(log) == 1
    mathchat = {"trajectory": [{"content": [line], "role": "user", "name": name} for name in ("a", "mathproxyagent")]}
    assert survive(json.dumps(mathchat).encode()) == 1


@pytest.mark.parametrize("format_id", [f for f in FORMATS if BY_ID[f].kind == "text"])
@pytest.mark.parametrize("filler", ["x" * 2_000_000, "ab: " * 300_000, "\n" * 500_000, "- " * 500_000])
def test_a_text_log_with_a_huge_turn_is_read(samples: dict[str, bytes], format_id: str, filler: str) -> None:
    half = len(samples[format_id]) // 2
    at = samples[format_id].index(b"\n", half)
    log = samples[format_id][:at] + b"\n" + filler.encode() + samples[format_id][at:]
    assert survive(log, format_id) >= 1
