"""Times on the command line: as dates, or as so long ago."""

import time

import pytest

from masthead.cli.options import given
from masthead.model.errors import InvalidInput
from masthead.model.times import parse_rfc3339

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("text", "seconds"), [("7d", 604_800), ("-24h", 86_400), (" 30m ", 1_800), ("999999d", None)])
def test_so_long_ago_is_a_moment(text: str, seconds: int | None) -> None:
    moment_s = parse_rfc3339(given(since=text)["since"]) / 1e9
    assert moment_s == (0 if seconds is None else pytest.approx(time.time() - seconds, abs=60))


def test_dates_go_to_the_server_as_they_are_and_what_is_not_given_does_not() -> None:
    assert given(since="2026-11-01", until=None, tag="7d") == {"since": "2026-11-01", "tag": "7d"}


@pytest.mark.parametrize("text", ["yesterday", "7", "d", "7 days", "2026-13-01", "²d"])
def test_what_is_no_time_is_told_with_what_may_be_written(text: str) -> None:
    with pytest.raises(InvalidInput, match="24h") as told:
        given(until=text)
    assert told.value.where == "--until"
