"""What a call used up is worked out once, and an answer from the cache used nothing."""

from decimal import Decimal

import pytest

from masthead.gateway.call import Charge, Exchange
from masthead.gateway.charge import CACHE, charge_of
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit
ANSWER = b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}'


def a_dollar(*_asked: object) -> Decimal:
    return Decimal(1)


def answered(body: bytes = ANSWER) -> Exchange:
    made = exchange_of({"model": "m", "messages": []})
    made.status, made.answered = 200, [body]
    return made


def test_a_call_is_priced_once_for_all_budgets_that_it_counts_against() -> None:
    asked: list[object] = []

    def cost_of(*of: object) -> Decimal:
        asked.append(of)
        return Decimal("0.5")

    made = answered()
    assert charge_of(made, cost_of) == charge_of(made, cost_of) == Charge(9, Decimal("0.5"))
    assert len(asked) == 1


def test_an_answer_from_the_cache_is_free() -> None:
    made = answered()
    made.attributes[CACHE] = "hit"
    assert charge_of(made, a_dollar) == Charge(0, Decimal(0))


def test_tokens_that_nobody_counted_are_unknown_and_not_none_at_all() -> None:
    assert charge_of(answered(b"{}"), a_dollar) is None
