"""Amounts of money in words."""

from decimal import Decimal

import pytest

from masthead.model.money import dollars

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "$0.00"),
        ("12.346", "$12.35"),
        ("1234.5", "$1234.50"),
        ("0.1151", "$0.1151"),
        ("0.0036", "$0.0036"),
        ("0.00041", "$0.00041"),
        ("0.0000324", "$0.000032"),
        ("0.0000000099", "$0.0000000099"),
    ],
)
def test_money_keeps_what_matters_of_it(amount: str, words: str) -> None:
    assert dollars(Decimal(amount)) == words


def test_what_costs_something_is_never_written_like_nothing() -> None:
    assert all(any(digit in "123456789" for digit in dollars(Decimal(1).scaleb(-at))) for at in range(12))
