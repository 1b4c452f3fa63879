"""Documents cut into records, one at a time, with the line where each begins and what is wrong with it."""

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.ingest import records as cutting
from masthead.ingest.importers.family import Record
from masthead.ingest.records import records
from masthead.ingest.sources import Document, document_of
from masthead.model.errors import InvalidInput, TooLarge

pytestmark = pytest.mark.unit


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time, as a decompressor or a pipe may."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._step if size is None or size < 0 or size > self._step else size)


def cut(data: bytes, step: int = 1 << 20) -> list[Record | InvalidInput]:
    return list(records(Document(name="log", stream=Trickle(data, step))))


def values(data: bytes, step: int = 1 << 20) -> list[Any]:
    return [found.value if isinstance(found, Record) else str(found) for found in cut(data, step)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=4).map(lambda found: {"run": found})


@settings(deadline=None, max_examples=60)
@given(found=st.lists(OBJECTS, min_size=1, max_size=6), indent=st.sampled_from([None, 1]), step=st.integers(1, 60))
def test_a_list_is_cut_into_its_values_whatever_the_chunks(found: list[Any], indent: int | None, step: int) -> None:
    assert values(json.dumps(found, indent=indent).encode(), step) == found
    assert values(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"), step) == [
        json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) for value in found
    ]


@settings(deadline=None, max_examples=40)
@given(found=st.lists(OBJECTS, min_size=2, max_size=6), step=st.integers(1, 60))
def test_lines_are_cut_into_their_values_whatever_the_chunks(found: list[Any], step: int) -> None:
    lines = "\n".join(json.dumps(value) for value in found).encode()
    assert values(lines, 1 << 20) == found
    assert [value for value in values(lines, step) if not isinstance(value, str)] == found


@settings(deadline=None, max_examples=40)
@given(found=st.lists(OBJECTS, min_size=1, max_size=4), step=st.integers(1, 60))
def test_values_one_after_the_other_are_cut_apart(found: list[Any], step: int) -> None:
    assert values("\n\n".join(json.dumps(value, indent=2) for value in found).encode(), step) == found


def test_each_record_knows_its_line_and_number() -> None:
    found = cut(b'\n\n[\n  {"a": 1},\n\n  {"a": "x\\n\\"]},{"},\n {"a": [\n]}]\n')
    assert [(record.line, record.number) for record in found if isinstance(record, Record)] == [(4, 1), (6, 2), (7, 3)]


def test_a_bad_value_spares_its_neighbours() -> None:
    first, second, third = cut(b'[{"a": 1},\n{"a": nonsense},\n{"a": 3}]')
    assert isinstance(first, Record)
    assert isinstance(third, Record)
    assert isinstance(second, InvalidInput)
    assert second.where == "log:2"
    assert "this is not JSON" in str(second)


def test_a_bad_line_spares_its_neighbours() -> None:
    found = cut(b'{"a": 1}\n{"a": \n{"a": 3}\n\n{"a": 4}')
    assert [record.line if isinstance(record, Record) else record.where for record in found] == [1, "log:2", 3, 5]


def test_a_list_that_breaks_off_says_so() -> None:
    *whole, cut_off = cut(b'[{"a": 1}, {"a": 2}, {"a": "thr')
    assert len(whole) == 2
    assert isinstance(cut_off, InvalidInput)
    assert "it ends in the middle of a value; is it cut off?" in str(cut_off)


def test_what_follows_a_list_is_refused() -> None:
    *_, after = cut(b'[{"a": 1}] rubbish')
    assert isinstance(after, InvalidInput)
    assert "'rubbish'" in str(after)


def test_messages_are_one_run_and_a_bad_one_spoils_it() -> None:
    message = b'{"role": "user", "content": "hi"}'
    (whole,) = cut(b"[" + message + b"," + message + b"]")
    assert isinstance(whole, Record)
    assert whole.value == [json.loads(message)] * 2
    (spoilt,) = cut(b"[" + message + b",{oops}]")
    assert isinstance(spoilt, InvalidInput)
    assert "message 1 of the run cannot be read" in str(spoilt)


@pytest.mark.parametrize("text", [b"[2025-01-01 10:00:00] A: hi", b"{'role': 'user'}", b"plain words", b"[x]"])
def test_what_only_begins_like_json_is_text(text: bytes) -> None:
    (found,) = cut(text)
    assert isinstance(found, Record)
    assert found.text == text.decode()


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    (value,) = values(b'{"a": "caf\xe9"}')
    assert value == {"a": "caf\N{REPLACEMENT CHARACTER}"}


def test_binary_data_is_refused() -> None:
    (found,) = cut(b"\x7fELF\x00\x01\x02")
    assert isinstance(found, InvalidInput)
    assert "binary data" in str(found)


@pytest.mark.parametrize(
    "data", [b'{"a": "%s"}' % (b"x" * 4000), b"words " * 1000, b'{"a": 1}\n{"b": "%s' % (b"x" * 4000)]
)
def test_a_record_over_the_limit_is_refused(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MAX_RECORD_BYTES", 2000)
    *_, last = cut(data, step=700)
    assert isinstance(last, TooLarge)
    assert "split it into several" in str(last)


def test_a_member_over_the_limit_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MAX_RECORD_BYTES", 2000)
    log = io.BytesIO()
    with zipfile.ZipFile(log, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", "{}")
        archive.writestr("samples/1.json", '{"a": "%s"}' % ("x" * 4000))
        archive.writestr("samples/2.json", "{}")
    log.seek(0)
    big, small = (record for document in document_of("log.eval", log) for record in records(document))
    assert isinstance(big, TooLarge)
    assert big.where == "log.eval!samples/1.json:1"
    assert isinstance(small, Record)
