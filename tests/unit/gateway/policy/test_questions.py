"""What must be equal word for word in two questions that are compared by their meaning."""

import pytest

from masthead.gateway.policy.question import marks_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the capital of France?", "Which city is France's capital?"),
        ("what costs it in 2024", "What does it cost in 2024?"),
        ("How do I bake bread?", "How can one bake bread?"),
        ("Tell me. What is it?", "What is it?"),
    ],
)
def test_other_words_for_the_same_have_the_same_marks(one: str, other: str):
    assert marks_of(one) == marks_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is the capital of France?", "What is the capital of Germany?"),
        ("What is 3 minus 5?", "What is 5 minus 3?"),
        ("Is it safe with gloves?", "Is it safe without gloves?"),
        ("Can I eat this?", "Can't I eat this?"),
        ("Which flights go on 3 May?", "Which flights go on 4 May?"),
        ("Was kostet das in Köln?", "Was kostet das in Österreich?"),
    ],
)
def test_other_numbers_names_and_negations_are_other_marks(one: str, other: str):
    assert marks_of(one) != marks_of(other)
