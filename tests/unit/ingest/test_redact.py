import json
import time
from collections import Counter
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from masthead.ingest import span_record
from masthead.ingest.content import without_content
from masthead.ingest.redact import Redactor, check
from masthead.ingest.rows import rows_of
from masthead.ingest.wire import JsonObject, WireEvent, WireLink, WireSpan
from masthead.model.errors import InvalidInput
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Redaction, RedactionRule
from masthead.providers.prices import Prices

pytestmark = pytest.mark.unit

ALL = Redaction(is_on=True)


def redacted(text: str, redaction: Redaction = ALL) -> tuple[str, dict[str, int]]:
    counts: Counter[str] = Counter()
    return Redactor(redaction).text(text, counts), dict(counts)


@pytest.mark.parametrize(
    ("text", "clean", "kind"),
    [
        ("write to bob.o'neil+x@mail.example.co.uk today", "write to [redacted:email] today", "email"),
        ("<jürgen@müller.de>", "<[redacted:email]>", "email"),
        ("bob%40example.com", "[redacted:email]", "email"),
        ("call +49 151 23456789.", "call [redacted:phone].", "phone"),
        ("call 0049-151-23456789", "call [redacted:phone]", "phone"),
        ("(555) 123-4567", "[redacted:phone]", "phone"),
        ("555-123-4567 555.123.4568", "[redacted:phone] [redacted:phone]", "phone"),
        ("Tel: 020 7946 0958", "Tel: [redacted:phone]", "phone"),
        ("card 4111 1111 1111 1111 exp", "card [redacted:card] exp", "card"),
        ("5500-0000-0000-0004,378282246310005", "[redacted:card],[redacted:card]", "card"),
        ("12 4111111111111111 34", "12 [redacted:card] 34", "card"),
        ("OPENAI sk-proj-Abc123def456ghi789jkl", "OPENAI [redacted:secret]", "secret"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ0123", "[redacted:secret]", "secret"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted:secret]", "secret"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_x", "[redacted:secret]", "secret"),
        ("Authorization: Bearer abc.def-ghi_jkl123", "Authorization: Bearer [redacted:secret]", "secret"),
        ("api_key=Zx81kQpw09AAbc&x=1", "api_key=[redacted:secret]&x=1", "secret"),
        ("the password is hunter22!", "the password is [redacted:secret]", "secret"),
        ("postgres://admin:s3cr3t@db/x", "postgres://admin:[redacted:secret]@db/x", "secret"),
        ("mh_9f8e7d6c5b4a3f2e1d0c", "[redacted:secret]", "secret"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\nabc\n-----END RSA PRIVATE KEY----- after",
            "[redacted:secret] after",
            "secret",
        ),
        (
            r"-----BEGIN PRIVATE KEY-----\nMIIEow+/=\nabc",
            "[redacted:secret]",
            "secret",
        ),
    ],
)
def test_what_is_secret_is_replaced_and_counted(text: str, clean: str, kind: str):
    assert redacted(text) == (clean, {kind: clean.count("[redacted:")})


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 12:13:14.123 took 3.14159265358979 s",
        "run 550e8400-e29b-41d4-a716-446655440000 at 1700000000000000000",
        "4111 1111 1111 1112 is no card",
        "risk-assessment-framework-for-agents and task-force-members",
        "the secret is nothing, the password: required",
        "192.168.100.200 and 10.0.0.1:8080, 1,234,567,890",
        "user@localhost, @mention, a @ b.c",
        "https://example.com:443/path?q=1",
        "",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str):
    assert redacted(text) == (text, {})


def test_kinds_that_are_not_chosen_stay():
    only_cards = Redaction(is_on=True, kinds=("card",))
    assert redacted("bob@example.com 4111111111111111", only_cards) == ("bob@example.com [redacted:card]", {"card": 1})


def test_json_text_stays_json_with_the_rest_unchanged():
    text = json.dumps({"to": "a@b.co", "card": 4111111111111111, "n": [1, 2.5, None], "password": "hunter"})
    clean, counts = redacted(text)
    assert json.loads(clean) == {
        "to": "[redacted:email]",
        "card": "[redacted:card]",
        "n": [1, 2.5, None],
        "password": "[redacted:secret]",
    }
    assert counts == {"email": 1, "card": 1, "secret": 1}


def test_escapes_do_not_hide_what_is_secret():
    assert "example" not in redacted(r'{"a": "bob\u0040example.com"}')[0]
    assert "4111" not in redacted(r'{"a": "\u00e94111111111111111"}')[0]
    assert redacted(r"cut off: {\"a\": \"\nbob@example.com")[0] == r"cut off: {\"a\": \"\n[redacted:email]"


def test_json_without_anything_secret_is_kept_to_the_byte():
    text = '{"a":  "caf\\u00e9", "b": 1.10}'
    assert redacted(text) == (text, {})


def test_custom_patterns_are_used_and_counted_under_their_name():
    redaction = Redaction(is_on=True, kinds=(), custom=(RedactionRule(name="ticket", pattern=r"TCK-\d{4}"),))
    assert redacted("see TCK-1234 and TCK-9999, bob@example.com", redaction) == (
        "see [redacted:ticket] and [redacted:ticket], bob@example.com",
        {"ticket": 2},
    )


@pytest.mark.parametrize(
    ("pattern", "told"),
    [("(", "not a pattern"), (r"(?=x)y", "look-around"), ("x*", "empty text"), ("a" * 1001, "over 1000")],
)
def test_custom_pattern_that_cannot_be_used_is_refused_with_its_place(pattern: str, told: str):
    rules = (RedactionRule(name="good", pattern="abc"), RedactionRule(name="bad", pattern=pattern))
    with pytest.raises(InvalidInput, match=told) as caught:
        check(Redaction(is_on=True, custom=rules))
    assert caught.value.where == "redaction.custom[1].pattern"


def test_catastrophic_custom_pattern_takes_linear_time():
    redaction = Redaction(is_on=True, kinds=(), custom=(RedactionRule(name="bomb", pattern=r"(a+)+$b"),))
    started = time.process_time()
    redacted("a" * 200_000, redaction)
    assert time.process_time() - started < 5  # in `re` this would outlast the universe


def test_long_runs_of_digits_take_linear_time():
    started = time.process_time()
    redacted("1 2 3 4 5 6 7 8 9 0 " * 20_000)
    assert time.process_time() - started < 5


SECRETS = (
    "alice.smith@corp-example.com",
    "+49 151 23456789",
    "555-867-5309",
    "4111111111111111",
    "5500 0000 0000 0004",
    "sk-ant-api03-Zk3yQ9wLmN4pR7tV",
    "ghp_a1B2c3D4e5F6g7H8i9J0k1L2",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefghij",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
)
BETWEEN = st.sampled_from([" ", "\n", "\t", ", ", '"', " (", ") ", "; ", ": ", "é ", "→", "<", ">", "\\n", "|", "."])
WORDS = st.text(st.characters(categories=["Ll", "Lu", "Po"], exclude_characters="-@.%\\+"), max_size=12)


@st.composite
def texts_with_secrets(draw: st.DrawFn) -> str:
    text = draw(WORDS)
    for _ in range(draw(st.integers(0, 3))):
        text += draw(BETWEEN) + draw(st.sampled_from(SECRETS)) + draw(BETWEEN) + draw(WORDS)
    return text


TREES = st.recursive(
    st.one_of(texts_with_secrets(), st.just(4111111111111111), st.integers(0, 99)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(texts_with_secrets(), inner, max_size=3),
        inner.map(json.dumps),
        inner.map(lambda value: json.dumps(value, ensure_ascii=False)),
    ),
    max_leaves=8,
)
OBJECTS = cast("st.SearchStrategy[JsonObject]", st.dictionaries(texts_with_secrets(), TREES, max_size=3))


@st.composite
def spans_with_secrets(draw: st.DrawFn) -> WireSpan:
    return WireSpan(
        b"t" * 16, b"s" * 8, b"", draw(texts_with_secrets()), 1, 10, 20, 2, draw(texts_with_secrets()), draw(OBJECTS),
        (WireEvent(draw(texts_with_secrets()), 15, draw(OBJECTS)),), (WireLink(b"t" * 16, b"l" * 8, draw(OBJECTS)),),
        draw(OBJECTS), draw(texts_with_secrets()), draw(texts_with_secrets()),
    )  # fmt: skip


def everything(value: Any) -> str:
    """Return all text inside, JSON in JSON read, so that no escape hides anything."""
    match value:
        case bytes():
            return everything(value.decode())
        case str():
            try:
                inner = json.loads(value)
            except ValueError:
                return value
            return value if isinstance(inner, str) and inner == value else f"{value} {everything(inner)}"
        case dict():
            return " ".join(f"{everything(key)} {everything(item)}" for key, item in value.items())  # pyright: ignore[reportUnknownVariableType] - any JSON
        case list() | tuple():
            return " ".join(everything(item) for item in value)  # pyright: ignore[reportUnknownVariableType] - any JSON
        case _:
            return str(value)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(spans_with_secrets(), min_size=1, max_size=2))
def test_no_known_secret_reaches_the_log_or_any_column(spans: list[WireSpan]):
    found = everything([list(span[3:]) for span in spans])
    clean, counts = Redactor(ALL).spans(spans)
    record = span_record.dump(clean)
    rows = list(rows_of(ProjectId("p"), span_record.load(record), Prices()))
    stored = everything(record) + everything([list(row) for row in rows])
    for secret in SECRETS:
        assert secret not in stored
    assert bool(counts) == any(secret in found for secret in SECRETS)


def test_without_content_keeps_names_numbers_and_costs_and_nothing_that_was_said():
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.agent.name": "planner",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.input.messages": "SAID",
        "gen_ai.tool.call.arguments": "SAID",
        "gen_ai.tool.call.result": "SAID",
        "gen_ai.agent.description": "SAID",
        "input.value": "SAID",
        "llm.input_messages.0.message.content": "SAID",
        "gen_ai.prompt.0.content": "SAID",
        "ai.prompt.messages": "SAID",
        "langfuse.observation.input": "SAID",
        "masthead.run.task": "SAID",
        "masthead.run.metadata": '{"a": "SAID"}',
        "something.new": "SAID",
        "nested": {"a": ["SAID"]},
    }
    span = WireSpan(
        b"t" * 16, b"s" * 8, b"", "chat", 1, 10, 20, 2, "SAID", attributes,
        (WireEvent("exception", 15, {"exception.type": "ValueError", "exception.message": "SAID"}),), (),
        {"service.name": "desk", "process.command_args": ["SAID"]}, "scope", "1",
    )  # fmt: skip
    (clean,) = without_content([span])
    assert "SAID" not in everything(list(clean[3:]))
    assert clean.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.agent.name": "planner",
        "gen_ai.usage.input_tokens": 5,
    }
    assert clean.events == (WireEvent("exception", 15, {"exception.type": "ValueError"}),)
    assert clean.resource == {"service.name": "desk"}
    assert clean.status == 2
