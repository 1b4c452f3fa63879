"""Where a run began to fail, asked of a model: three ways to ask, what is refused, and what it takes."""

import json
import re
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from itertools import pairwise

import pytest

from masthead.judge.asking import Asker, Budget, OverBudgetError
from masthead.judge.origin_judge import OriginMethod, OriginSettings, estimate, judge_origin, origin_scores
from masthead.judge.transcript import excerpt
from masthead.model.conversation import Act, Agent, Conversation, Turn
from masthead.model.errors import InvalidInput, UpstreamError
from masthead.model.ids import AgentId, RunId
from masthead.model.ports import ChatReply, ChatRequest
from masthead.model.reading import Message, Usage

pytestmark = pytest.mark.unit

PLANNER, CODER, SHELL = AgentId("p-1"), AgentId("c-1"), AgentId("shell")
WAYS: tuple[OriginMethod, ...] = ("all-at-once", "step-by-step", "binary-search")
SHOWN = re.compile(r"^\[(\d+)\] ", re.MULTILINE)
HALVES = re.compile(r"first half, turns (\d+) to (\d+), or in the second, turns (\d+) to (\d+)")


def conversation(turns: int = 9, *, padding: str = "", is_success: bool | None = False) -> Conversation:
    """Return a planner, a coder and the shell that answers the coder, in this order, over and over."""
    speakers = (PLANNER, CODER, SHELL)
    acts = (Act.MESSAGE, Act.TOOL_CALL, Act.TOOL_RESULT)
    return Conversation(
        run_id=RunId("0" * 31 + "1"),
        task="Sum the column.",
        turns=tuple(
            Turn(index=i, speaker=speakers[i % 3], act=acts[i % 3], text=f"This was said in turn number {i}. {padding}")
            for i in range(turns)
        ),
        agents=(
            Agent(id=PLANNER, name="Planner"),
            Agent(id=CODER, name="Coder"),
            Agent(id=SHELL, name="Shell", kind="tool"),
        ),
        is_success=is_success,
        metadata={"mistake_step": "4", "secret_label": "never shown"},
    )


def claim(turn: int, confidence: float = 0.5, **changed: object) -> dict[str, object]:
    agent = ("Planner", "Coder", "Shell")[turn % 3]
    quote = f"said in turn number {turn}."
    return {"turn": turn, "agent": agent, "quote": quote, "reason": "wrong", "confidence": confidence} | changed


def ranked(*claims: dict[str, object], summary: str = "so far") -> str:
    return json.dumps({"hypotheses": claims, "summary": summary})


def yes(turn: int, **changed: object) -> str:
    return json.dumps({"happened": True, **claim(turn), **changed})


def no(summary: str = "so far") -> str:
    blank = {"turn": 0, "agent": "", "quote": "", "reason": "not yet", "confidence": 0.1}
    return json.dumps({"happened": False, **blank, "summary": summary})


class Scripted:
    """A model that answers as a function of what it is asked, or from a list, the last one for ever."""

    def __init__(self, *answers: str | Exception | Callable[[ChatRequest], str]) -> None:
        self.answers = list(answers)
        self.asked: list[ChatRequest] = []

    async def ask(self, request: ChatRequest) -> ChatReply:
        self.asked.append(request)
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, Exception):
            raise said
        text = said if isinstance(said, str) else said(request)
        return ChatReply(message=Message(role="assistant", text=text), model="m", usage=Usage(input_tokens=9))

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        yield (await self.ask(request)).message.text


def knows(origin: int) -> Callable[[ChatRequest], str]:
    """Return an oracle: it answers truly that the run went wrong at `origin`, whichever way it is asked."""

    def answer(request: ChatRequest) -> str:
        instructions, record = request.messages[0].text, request.messages[1].text
        halves = HALVES.search(instructions)
        if halves:
            _, middle, _, _ = map(int, halves.groups())
            return json.dumps({"reason": "", "half": "first" if origin <= middle else "second"})
        is_shown = str(origin) in SHOWN.findall(record)
        if "hypotheses" in instructions:
            return ranked(claim(origin)) if is_shown else ranked()
        return yes(origin) if is_shown else no()

    return answer


def asker(model: Scripted, budget: Budget | None = None) -> Asker:
    return Asker(model, cache=None, budget=budget or Budget(), price_of=lambda _model, _usage: Decimal("0.01"))


def settings(method: OriginMethod, *, window_chars: int = 20_000, step_chars: int = 300) -> OriginSettings:
    return OriginSettings(model="m", method=method, window_chars=window_chars, step_chars=step_chars)


async def test_all_at_once_ranks_turns_with_their_speakers() -> None:
    model = Scripted(ranked(claim(1, 0.2), claim(4, 0.7), claim(3, 0.1), claim(4, 0.05)))
    found = (await judge_origin(conversation(), asker(model), settings("all-at-once"))).attribution
    assert [(h.turn, h.agent) for h in found.hypotheses] == [(4, CODER), (1, CODER), (3, PLANNER)]
    assert {(h.basis, h.method) for h in found.hypotheses} == {("inferred", "all-at-once")}
    assert "said in turn number 4." in found.hypotheses[0].reason
    assert found.is_calibrated is False
    assert len(model.asked) == 1


async def test_confidences_sum_to_at_most_one() -> None:
    model = Scripted(ranked(claim(1, 0.9), claim(4, 0.9), claim(3, 0.2)))
    found = (await judge_origin(conversation(), asker(model), settings("all-at-once"))).attribution
    assert sum(h.confidence for h in found.hypotheses) == pytest.approx(1)
    assert found.hypotheses[0].confidence == pytest.approx(0.45)


@pytest.mark.parametrize("method", WAYS)
@pytest.mark.parametrize("origin", [0, 4, 13, 18, 58])
async def test_each_way_finds_what_the_model_knows(method: OriginMethod, origin: int) -> None:
    found = await judge_origin(conversation(60), asker(Scripted(knows(origin))), settings(method))
    assert [h.turn for h in found.attribution.hypotheses] == [origin]
    assert found.failure is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (claim(4, quote="nobody ever said these words"), "word for word"),
        (claim(4, quote="said in turn number 1."), "word for word"),
        (claim(4, quote="said"), "too short"),
        (claim(99), "turn 99 is not a turn shown"),
        (claim(-1, agent="Coder"), "turn -1 is not a turn shown"),
        (claim(5), "turn 5 is not a turn shown that an agent said"),
        (claim(4, agent="Planner"), "said by 'Coder', not by 'Planner'"),
        (claim(4, confidence=70), "not between 0 and 1"),
    ],
)
@pytest.mark.parametrize("method", ["all-at-once", "step-by-step"])
async def test_an_invented_turn_speaker_or_quote_is_refused(
    method: OriginMethod, wrong: dict[str, object], why: str
) -> None:
    text = ranked(wrong) if method == "all-at-once" else json.dumps({"happened": True, **wrong})
    model = Scripted(text)
    found = await judge_origin(conversation(), asker(model), settings(method, step_chars=20_000))
    assert found.attribution.hypotheses == ()
    assert found.failure is not None and why in found.failure
    assert len(model.asked) == 2


async def test_a_refused_answer_is_repaired_once() -> None:
    model = Scripted(ranked(claim(99)), ranked(claim(4)))
    found = await judge_origin(conversation(), asker(model), settings("all-at-once"))
    assert [h.turn for h in found.attribution.hypotheses] == [4]
    assert "refused" in model.asked[1].messages[-1].text


async def test_step_by_step_stops_at_the_first_yes_and_carries_a_summary() -> None:
    model = Scripted(no("the plan was made"), yes(7))
    record, how = conversation(60), settings("step-by-step", step_chars=400)
    found = await judge_origin(record, asker(model), how)
    assert [h.turn for h in found.attribution.hypotheses] == [7]
    assert len(model.asked) == 2 < estimate(record, how).calls
    assert "What happened before\nthe plan was made" in model.asked[1].messages[1].text


async def test_a_step_begins_with_the_turn_whose_result_it_shows() -> None:
    model = Scripted(no())
    await judge_origin(conversation(30), asker(model), settings("step-by-step", step_chars=200))
    shown = [list(map(int, SHOWN.findall(request.messages[1].text))) for request in model.asked]
    for before, after in pairwise(shown):
        assert after[0] == max(turn for turn in before if turn % 3 != 2)
    assert {turn for turns in shown for turn in turns} == set(range(30))


@pytest.mark.parametrize("turns", [1, 2, 3, 9, 100, 1000])
async def test_binary_search_asks_at_most_one_more_than_the_logarithm(turns: int) -> None:
    record, how = conversation(turns), settings("binary-search")
    for origin in {0, max(0, turns - 1 - (turns % 3 == 0))}:
        model = Scripted(knows(origin))
        found = await judge_origin(record, asker(model), how)
        assert [h.turn for h in found.attribution.hypotheses] == [origin]
        assert len(model.asked) <= (turns - 1).bit_length() + 1
        assert len(model.asked) <= estimate(record, how).calls <= (turns - 1).bit_length() + 1


async def test_binary_search_names_no_turn_beside_the_one_that_it_ended_at() -> None:
    def answer(request: ChatRequest) -> str:
        is_half = HALVES.search(request.messages[0].text)
        return json.dumps({"reason": "", "half": "first"}) if is_half else yes(1)

    found = await judge_origin(conversation(), asker(Scripted(answer)), settings("binary-search"))
    assert found.failure is not None and "turn 1 is not" in found.failure


@pytest.mark.parametrize("method", WAYS)
async def test_a_long_run_is_asked_about_in_pieces_that_fit(method: OriginMethod) -> None:
    record = conversation(600, padding="x" * 400)
    how = settings(method, window_chars=8_000, step_chars=4_000)
    model = Scripted(knows(301))
    found = await judge_origin(record, asker(model), how)
    assert [h.turn for h in found.attribution.hypotheses] == [301]
    map_chars = 8_000 if method == "all-at-once" else 0
    assert max(len(request.messages[1].text) for request in model.asked) < 8_000 + map_chars + 2_500


async def test_the_turns_that_windows_name_are_ranked_together() -> None:
    def answer(request: ChatRequest) -> str:
        shown = sorted({int(turn) for turn in SHOWN.findall(request.messages[1].text) if int(turn) % 3 != 2})
        return ranked(claim(shown[-1], 0.9), claim(shown[1], 0.3))

    record, how = conversation(60), settings("all-at-once", window_chars=900)
    model = Scripted(answer)
    found = await judge_origin(record, asker(model), how)
    assert len(model.asked) == estimate(record, how).calls > 3
    assert "What happened before\nso far" in model.asked[1].messages[1].text
    assert "part 1: turns 0" in model.asked[1].messages[1].text
    final = {int(turn) for turn in SHOWN.findall(model.asked[-1].messages[1].text)}
    assert {h.turn for h in found.attribution.hypotheses} < final


@pytest.mark.parametrize(
    ("method", "answers"),
    [
        ("all-at-once", [ranked()]),
        ("step-by-step", [no()]),
        ("binary-search", [*[json.dumps({"half": "first", "reason": ""})] * 3, no()]),
    ],
)
async def test_unknown_is_said_where_the_model_sees_nothing(method: OriginMethod, answers: list[str]) -> None:
    found = await judge_origin(conversation(), asker(Scripted(*answers)), settings(method))
    assert found.attribution.hypotheses == ()
    assert found.attribution.unknown_because == "the model saw no turn where the run went wrong"
    assert found.failure is None
    [score] = origin_scores(found, time_ns=1)
    assert (score.number, score.flag, score.label) == (None, None, None)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (conversation(is_success=True), "succeeded"),
        (conversation(0), "no turn of an agent"),
    ],
)
@pytest.mark.parametrize("method", WAYS)
async def test_no_model_is_asked_where_there_is_nothing_to_find(
    method: OriginMethod, record: Conversation, why: str
) -> None:
    model = Scripted(InvalidInput("not to be asked"))
    found = await judge_origin(record, asker(model), settings(method))
    assert model.asked == []
    assert found.failure is None
    assert found.attribution.unknown_because is not None and why in found.attribution.unknown_because
    assert estimate(record, settings(method)).calls == 0


@pytest.mark.parametrize("method", WAYS)
async def test_a_model_that_does_not_answer_is_a_counted_failure(method: OriginMethod) -> None:
    found = await judge_origin(conversation(), asker(Scripted(UpstreamError("away"))), settings(method))
    assert found.failure == "away"
    [score] = origin_scores(found, time_ns=1)
    assert (score.number, score.subject.kind, score.reason) == (None, "run", "not judged: away")


async def test_a_cap_ends_the_asking() -> None:
    with pytest.raises(OverBudgetError, match="2 calls"):
        await judge_origin(conversation(60), asker(Scripted(knows(58)), Budget(calls=2)), settings("binary-search"))


@pytest.mark.parametrize("method", WAYS)
async def test_labels_in_the_metadata_are_never_shown(method: OriginMethod) -> None:
    model = Scripted(knows(4))
    await judge_origin(conversation(), asker(model), settings(method))
    assert not any("secret_label" in part.text for request in model.asked for part in request.messages)


async def test_scores_carry_turn_agent_and_rank() -> None:
    model = Scripted(ranked(claim(4, 0.7), claim(3, 0.1)))
    verdict = await judge_origin(conversation(), asker(model), settings("all-at-once"))
    first, second = origin_scores(verdict, time_ns=1)
    assert (first.name, first.number, first.source, first.evaluator) == ("origin", 1, "llm", "origin-all-at-once:m")
    assert (first.subject.turn, first.subject.agent, first.evidence) == (4, CODER, (4,))
    assert (second.number, second.subject.turn) == (2, 3)
    assert [s.id for s in origin_scores(verdict, time_ns=2)] == [first.id, second.id]


def test_an_excerpt_fits_whatever_it_is_given_and_says_what_is_left_out() -> None:
    record = conversation(2_000, padding="y" * 5_000)
    text = excerpt(record, range(2_000), most_chars=12_000)
    assert len(text) < 18_000
    assert "left out" in text
    assert "[0] Planner" in text
    few = excerpt(conversation(9), range(9), most_chars=12_000)
    assert "left out" not in few
    assert len(SHOWN.findall(few)) == 9
