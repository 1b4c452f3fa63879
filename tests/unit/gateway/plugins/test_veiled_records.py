"""What is recorded of a call holds placeholders, whatever became of it, and costs no more than its length."""

import asyncio
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.plugins import veil as veil_module
from masthead.gateway.plugins.personal import sensitive
from masthead.gateway.plugins.veil import LITERAL, Hiding, Veil, Veils
from masthead.gateway.seams import Refused
from masthead.gateway.spans import spans_of
from masthead.providers.dialects import Dialect
from masthead.testing.content import ContentSite, content_plugins
from masthead.testing.exchanges import exchange_of
from masthead.testing.streamed import whole

pytestmark = pytest.mark.unit

PII = {"kind": "pii"}
SAID: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "nightfall, I am anna@example.com"}]}


def recorded(exchange: Any) -> str:
    """Return what the span of an ended call holds."""
    assert exchange.veil is not None
    exchange.veil(exchange)
    return str(spans_of(exchange))


def test_the_veil_is_there_before_any_plugin_sees_the_call():
    exchange = exchange_of(SAID)
    exchange.veil = content_plugins([PII]).veiled(exchange.call)
    exchange.error = "a limit refuses what anna@example.com asks"
    found = recorded(exchange)
    assert "anna@example.com" not in found and "<EMAIL_1>" in found


def test_calls_of_other_models_and_original_records_have_no_veil():
    call = exchange_of(SAID).call
    assert content_plugins([{**PII, "models": ["strict"]}]).veiled(call) is None
    assert content_plugins([{**PII, "record": "original"}]).veiled(call) is None


async def test_a_call_that_another_plugin_refuses_is_recorded_with_placeholders():
    plugins = content_plugins([PII, {"kind": "banned", "words": ["nightfall"]}])
    exchange = exchange_of(SAID)
    with pytest.raises(Refused):
        await plugins.before(exchange)
    assert "I am <EMAIL_1>" in recorded(exchange)


async def test_a_large_call_that_is_left_while_it_is_searched_has_its_veil():
    plugins = content_plugins([PII, {"kind": "banned", "words": ["nothing"], "on": "record"}])
    exchange = exchange_of({**SAID, "user": "x" * 20_000})
    task = asyncio.create_task(plugins.before(exchange))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "anna@example.com" not in recorded(exchange)


async def test_a_refused_call_and_the_next_of_its_run_have_the_same_placeholders():
    veils = Veils(FixedClock())
    plugins = content_plugins([PII], veils)
    first = exchange_of({"model": "m", "messages": [{"role": "user", "content": "b@x.org, anna@example.com"}]})
    first.veil = plugins.veiled(first.call)
    assert "<EMAIL_1>, <EMAIL_2>" in recorded(first)
    second = await ContentSite([PII], veils).asked(said="anna@example.com")
    assert second.outgoing.member("messages") == [{"role": "user", "content": "<EMAIL_2>"}]


async def test_all_that_any_plugin_looks_for_is_left_out_of_the_record():
    site = ContentSite([{**PII, "find": ["email"], "on": "record"}, {**PII, "find": ["ip"], "on": "record"}])
    found = recorded(await site.asked(said="anna@example.com at 203.0.113.7"))
    assert "<EMAIL_1> at <IP_1>" in found


async def test_a_copy_of_a_call_and_its_answer_are_recorded_with_the_calls_own_placeholders():
    exchange = await ContentSite([PII]).asked(said="I am anna@example.com")
    copy = exchange_of(SAID, number=2)
    copy.call, copy.veil, copy.purpose = exchange.outgoing, exchange.veil, "shadow"
    copy.status = 200
    await ContentSite([]).answered(copy, whole(Dialect.OPENAI_CHAT, "<EMAIL_1>, anna@example.com or b@x.org?"))
    found = recorded(copy)
    assert "I am <EMAIL_1>" in found and "<EMAIL_1>, <EMAIL_1> or <EMAIL_2>?" in found


def test_a_value_takes_one_mark_however_often_it_stands_in_a_text(monkeypatch: pytest.MonkeyPatch):
    """Marks for each match would run out in long texts, and make what is kept of them grow with every match."""
    monkeypatch.setattr(veil_module, "_MOST_MARKS", 2)
    text = "one@x.org two@x.org " * 3 + "three@x.org"
    hidden = Hiding(sensitive(("email",), {}, first=(LITERAL,)), Veil()).text(text)
    assert hidden == "<EMAIL_1> <EMAIL_2> " * 3 + "<EMAIL>"


def test_a_value_within_a_value_comes_back_also_beyond_what_a_run_may_hold():
    veil = Veil()
    hiding = Hiding(sensitive(("email",), {"pair": "[(][^)]*[)]"}, first=(LITERAL,)), veil)
    text = "(one@x.org) (two@x.org)"
    hidden = hiding.text(text)
    assert "@" not in hidden and veil.restored(hidden) == text
