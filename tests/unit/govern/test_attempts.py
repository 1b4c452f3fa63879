"""Failed log-ins are counted per client and window."""

import pytest

from masthead.clock import FixedClock
from masthead.govern.attempts import ALLOWED, WINDOW_S, FailedAttempts
from masthead.model.errors import Overloaded

pytestmark = pytest.mark.unit


def test_a_client_that_keeps_failing_waits_until_the_window_is_over_and_others_do_not() -> None:
    clock = FixedClock(0)
    attempts = FailedAttempts(clock)
    for _ in range(ALLOWED):
        attempts.note("a")
    with pytest.raises(Overloaded) as refused:
        attempts.note("a")
    assert refused.value.retry_after_s == WINDOW_S
    attempts.note("b")
    clock.advance(WINDOW_S)
    attempts.note("a")
