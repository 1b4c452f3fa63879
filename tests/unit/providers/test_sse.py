from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.model.errors import TooLarge
from masthead.providers.sse import Event, Parser, write

pytestmark = pytest.mark.unit

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=8), min_size=1, max_size=3)
EVENTS = st.builds(
    Event,
    LINES.map(lambda lines: "\n".join(lines).encode()),
    st.none() | st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=5),
)


def read(*pieces: bytes) -> list[Event]:
    parser = Parser()
    return [event for piece in pieces for event in parser.feed(piece)]


@given(st.lists(EVENTS, max_size=4), st.sampled_from([b"\n", b"\r", b"\r\n"]), st.data())
def test_what_is_written_is_read_with_any_line_end_and_any_cut(events: list[Event], end: bytes, data: st.DataObject):
    sent = b"".join(map(write, events)).replace(b"\n", end)
    places = sorted(data.draw(st.sets(st.integers(0, len(sent)), max_size=8)))
    ends = [0, *places, len(sent)]
    pieces = [sent[at:until] for at, until in pairwise(ends)]
    assert read(*pieces) == events


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_are_read_the_same_in_two_pieces(data: bytes, at: int):
    assert read(data[:at], data[at:]) == read(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"data: a\ndata: b\n\n", [Event(b"a\nb")]),
        (b"data:a\n\n", [Event(b"a")]),
        (b"data:  a\n\n", [Event(b" a")]),
        (b"data\n\n", [Event(b"")]),
        (b": comment\n\ndata: a\n\n", [Event(b"a")]),
        (b"event: x\ndata: a\n\ndata: b\n\n", [Event(b"a", "x"), Event(b"b")]),
        (b"event: x\n\ndata: b\n\n", [Event(b"b")]),
        (b"unknown: x\ndata: a\n\n", [Event(b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event(b"a")]),
        (b"data: a\n", []),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [Event(b"a"), Event(b"b"), Event(b"c")]),
    ],
)
def test_the_standard_is_kept(data: bytes, expected: list[Event]):
    assert read(data) == expected


def test_event_cut_off_by_the_end_is_none_but_is_known_to_be_there():
    parser = Parser()
    assert parser.feed(b"data: a\n") == []
    assert parser.is_amid


def test_id_and_retry_are_kept():
    parser = Parser()
    parser.feed(b"id: 7\nretry: 1500\nretry: soon\nid: with\0null\n\n")
    assert (parser.last_id, parser.retry_ms) == ("7", 1500)


def test_an_event_without_end_is_refused():
    parser = Parser(limit_bytes=1000)
    for _ in range(90):
        parser.feed(b"data: aaaaa")
    with pytest.raises(TooLarge):
        parser.feed(b"a" * 20)
    parser = Parser(limit_bytes=1000)
    for _ in range(1000):
        parser.feed(b"data: a\n")
    with pytest.raises(TooLarge):
        parser.feed(b"data: a\n")


def test_long_line_in_small_pieces_is_scanned_once():
    parser = Parser()
    for _ in range(20_000):
        parser.feed(b"x" * 16)
    assert parser.feed(b"\n\ndata: a\n\n") == [Event(b"a")]
