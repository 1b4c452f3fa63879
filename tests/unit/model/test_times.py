"""RFC 3339 times, to the nanosecond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.model.errors import InvalidInput
from masthead.model.times import MAX_NS, parse_rfc3339, rfc3339

pytestmark = pytest.mark.unit


@given(st.integers(0, MAX_NS))
def test_what_is_written_is_read_back(time_ns: int) -> None:
    assert parse_rfc3339(rfc3339(time_ns)) == time_ns


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00.5+01:00", 500_000_000),
        ("1970-01-01t00:00:01z", 1_000_000_000),
        ("2026-11-22T09:42:47.123456789Z", 1_795_340_567_123_456_789),
        ("2024-02-29 00:00:00-00:30", 1_709_166_600_000_000_000),
    ],
)
def test_every_form_of_the_standard_is_read(text: str, time_ns: int) -> None:
    assert parse_rfc3339(text) == time_ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01",
        "2026-02-30",
        "1969-12-31",
        "2300-01-01",
        "2026-11-22T25:00:00Z",
        "2026-11-22T09:42:47.1234567890Z",
        "\uff12\uff10\uff12\uff16-11-22",
    ],
)
def test_what_is_no_time_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InvalidInput, match="since"):
        parse_rfc3339(text, where="since")


def test_a_whole_second_has_no_fraction() -> None:
    assert rfc3339(1_000_000_000) == "1970-01-01T00:00:01Z"
