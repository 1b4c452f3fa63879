"""The judge's loop against a real, very small language model on this machine. It judges badly; the loop is real."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from masthead.codebook.load import mast
from masthead.judge.asking import AnswerCache, Asker, Budget
from masthead.judge.mode_judge import JudgeSettings, judge
from masthead.judge.origin_judge import OriginSettings, judge_origin
from masthead.model.conversation import Agent, Conversation, Turn
from masthead.model.ids import AgentId, Code, RunId
from masthead.providers.openai import OpenAIModel
from masthead.testing.local_model import LOCAL_MODEL, local_model

pytestmark = pytest.mark.integration

WRITER, CRITIC = AgentId("writer"), AgentId("critic")


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with local_model(4096) as url:
        yield url


def a_run() -> Conversation:
    turns = tuple(
        Turn(
            index=i,
            speaker=(WRITER, CRITIC)[i % 2],
            text=("Sleep well, travel far.", "Too long, write it again.")[i % 2],
        )
        for i in range(6)
    )
    agents = (Agent(id=WRITER, name="writer"), Agent(id=CRITIC, name="critic"))
    return Conversation(run_id=RunId("1" * 32), task="A slogan of four words.", turns=turns, agents=agents)


async def test_every_verdict_is_reached_or_counted_and_kept(model_url: str, tmp_path: Path) -> None:
    record = a_run()
    entries = [mast().code(Code("FM-1.3")), mast().code(Code("FM-3.2"))]
    settings = JudgeSettings(model=LOCAL_MODEL, output_tokens=160)
    async with httpx.AsyncClient(timeout=120) as client:
        model = OpenAIModel(client, model_url, None)
        first = Asker(model, cache=AnswerCache(tmp_path), budget=Budget(), price_of=lambda _m, _u: Decimal(0))
        verdicts = await judge(record, entries, first, settings)
        again = Asker(model, cache=AnswerCache(tmp_path), budget=Budget(calls=0), price_of=lambda _m, _u: None)
        repeated = await judge(record, entries, again, settings)
    assert [verdict.code for verdict in verdicts] == ["FM-1.3", "FM-3.2"]
    assert all((verdict.occurred is None) == (verdict.failure is not None) for verdict in verdicts)
    assert all(verdict.evidence for verdict in verdicts if verdict.occurred)
    assert first.spent.calls >= 2 and first.spent.input_tokens > 100
    assert (repeated, again.spent.calls) == (verdicts, 0)


async def test_an_origin_is_named_unknown_or_a_counted_failure(model_url: str, tmp_path: Path) -> None:
    record = a_run()
    settings = OriginSettings(model=LOCAL_MODEL, method="step-by-step", output_tokens=160)
    async with httpx.AsyncClient(timeout=120) as client:
        model = OpenAIModel(client, model_url, None)
        first = Asker(model, cache=AnswerCache(tmp_path), budget=Budget(), price_of=lambda _m, _u: Decimal(0))
        verdict = await judge_origin(record, first, settings)
        again = Asker(model, cache=AnswerCache(tmp_path), budget=Budget(calls=0), price_of=lambda _m, _u: None)
        repeated = await judge_origin(record, again, settings)
    attribution = verdict.attribution
    assert (attribution.unknown_because is None) == bool(attribution.hypotheses)
    assert all(item.agent == record.turns[item.turn].speaker for item in attribution.hypotheses)
    assert first.spent.calls >= 1 and first.spent.input_tokens > 100
    assert (repeated, again.spent.calls) == (verdict, 0)
