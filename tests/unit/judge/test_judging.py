"""Judges: what they are asked, what is refused, how votes are counted, and what they may spend."""

import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from masthead.codebook.load import mast
from masthead.judge import prompt
from masthead.judge.answer import read_mode, read_modes
from masthead.judge.asking import AnswerCache, Asker, Budget, OverBudgetError
from masthead.judge.jury import flip_rate, sit, vote
from masthead.judge.mode_judge import JudgeSettings, estimate, judge
from masthead.judge.transcript import map_of, windows
from masthead.judge.verdict import Verdict, score_of
from masthead.model.conversation import Act, Agent, Conversation, Turn
from masthead.model.errors import InvalidInput, UpstreamError
from masthead.model.ids import AgentId, Code, EvaluatorId, RunId
from masthead.model.ports import ChatReply, ChatRequest
from masthead.model.reading import Message, Usage

pytestmark = pytest.mark.unit

CODE = Code("FM-1.3")
ENTRY = mast().code(CODE)
A, B = AgentId("a"), AgentId("b")


def conversation(turns: int = 6, text: str = "I search for lamps in the catalogue.") -> Conversation:
    return Conversation(
        run_id=RunId("0" * 31 + "1"),
        task="Find a lamp.",
        turns=tuple(
            Turn(index=i, speaker=A if i % 2 == 0 else B, addressees=(B,), act=Act.MESSAGE, text=f"{text} Step {i}.")
            for i in range(turns)
        ),
        agents=(Agent(id=A, name="Seeker"), Agent(id=B, name="Critic")),
    )


def answer(occurred: bool = True, evidence: tuple[int, ...] = (2,), quote: str = "for lamps in the catalogue") -> str:
    told = {"occurred": occurred, "evidence": evidence, "quote": quote, "reason": "again", "summary": "so far"}
    return json.dumps(told)


class Scripted:
    """A model that answers from a list, the last one for ever, and remembers what it was asked."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[ChatRequest] = []

    async def ask(self, request: ChatRequest) -> ChatReply:
        self.asked.append(request)
        said = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(said, Exception):
            raise said
        message = Message(role="assistant", text=said)
        return ChatReply(message=message, model="m", usage=Usage(input_tokens=100, output_tokens=10))

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        yield (await self.ask(request)).message.text


def asker(model: Scripted, *, cache: AnswerCache | None = None, budget: Budget | None = None) -> Asker:
    return Asker(model, cache=cache, budget=budget or Budget(), price_of=lambda _model, _usage: Decimal("0.01"))


SETTINGS = JudgeSettings(model="m")


async def test_a_claim_with_evidence_and_quote_stands() -> None:
    model = Scripted(answer())
    [verdict] = await judge(conversation(), [ENTRY], asker(model), SETTINGS)
    assert (verdict.occurred, verdict.evidence, verdict.failure) == (True, (2,), None)
    assert model.asked[0].schema is not None
    assert ENTRY.definition in model.asked[0].messages[0].text


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (answer(evidence=()), "no turn"),
        (answer(evidence=(99,)), "turn 99"),
        (answer(quote="never said by anyone"), "word for word"),
        (answer(quote="lamps"), "too short"),
        ("I think it did.", "not the JSON"),
        ('{"occurred": "maybe"}', "not the JSON"),
    ],
)
def test_a_claim_without_standing_is_refused(given: str, why: str) -> None:
    record = conversation()
    with pytest.raises(InvalidInput, match=why):
        read_mode(given, CODE, record, windows(record, most_chars=10_000)[0])


def test_a_code_that_was_not_asked_for_is_refused() -> None:
    record = conversation()
    claim = {"code": "FM-9.9", "evidence": [1], "quote": "for lamps in the catalogue", "reason": ""}
    with pytest.raises(InvalidInput, match="not asked for"):
        read_modes(json.dumps({"findings": [claim]}), [CODE], record, windows(record, most_chars=10_000)[0])


def test_a_quote_may_differ_in_white_space_alone() -> None:
    record = conversation(text="one\n  two three four")
    claims, _ = read_mode(answer(quote="one two\tthree four"), CODE, record, windows(record, most_chars=10_000)[0])
    assert len(claims) == 1


async def test_a_refused_answer_is_repaired_once() -> None:
    model = Scripted(answer(evidence=(99,)), answer())
    [verdict] = await judge(conversation(), [ENTRY], asker(model), SETTINGS)
    assert verdict.occurred is True
    assert "refused" in model.asked[1].messages[-1].text


@pytest.mark.parametrize("fault", [answer(evidence=(99,)), UpstreamError("away")])
async def test_what_cannot_be_answered_is_a_counted_failure(fault: str | Exception) -> None:
    [verdict] = await judge(conversation(), [ENTRY], asker(Scripted(fault)), SETTINGS)
    assert verdict.occurred is None
    assert verdict.failure is not None
    score = score_of(verdict, conversation().run_id, time_ns=1)
    assert score.flag is None
    assert score.reason is not None and score.reason.startswith("not judged")


async def test_a_long_run_is_judged_in_windows_with_a_carried_summary_and_a_map() -> None:
    record = conversation(turns=20)
    settings = JudgeSettings(model="m", window_chars=400)
    model = Scripted(answer(occurred=False, evidence=(), quote=""))
    [verdict] = await judge(record, [ENTRY], asker(model), settings)
    cut = windows(record, most_chars=400)
    assert len(model.asked) == len(cut) > 2
    assert verdict.occurred is False
    second = model.asked[1].messages[1].text
    assert "What happened before\nso far" in second
    assert "part 1: turns 0" in second
    assert "[0] Seeker" not in second


def test_windows_cover_every_turn_once_and_in_order() -> None:
    record = conversation(turns=31)
    cut = windows(record, most_chars=350)
    assert [turn for window in cut for turn in range(window.first, window.last + 1)] == list(range(31))
    assert map_of(record, cut).count("\n") == len(cut) - 1


async def test_all_modes_are_asked_in_one_call() -> None:
    claim = {"code": CODE, "evidence": [0], "quote": "for lamps in the catalogue", "reason": "again"}
    model = Scripted(json.dumps({"findings": [claim]}))
    verdicts = await judge(conversation(), mast().codes, asker(model), JudgeSettings(model="m", variant="all"))
    assert len(model.asked) == 1
    assert [v.code for v in verdicts if v.occurred] == [CODE]
    assert len(verdicts) == 14


async def test_an_interrupted_judging_goes_on_where_it_was(tmp_path: Path) -> None:
    entries = mast().codes[:4]
    model = Scripted(answer(occurred=False, evidence=(), quote=""))
    with pytest.raises(OverBudgetError, match="2 calls"):
        await judge(
            conversation(), entries, asker(model, cache=AnswerCache(tmp_path), budget=Budget(calls=2)), SETTINGS
        )
    again = asker(model, cache=AnswerCache(tmp_path))
    assert len(await judge(conversation(), entries, again, SETTINGS)) == 4
    assert (again.spent.calls, again.spent.cached_calls) == (2, 2)


async def test_a_cap_in_dollars_holds() -> None:
    model = Scripted(answer(occurred=False, evidence=(), quote=""))
    with pytest.raises(OverBudgetError, match=r"\$0\.02"):
        await judge(conversation(), mast().codes, asker(model, budget=Budget(usd=Decimal("0.02"))), SETTINGS)
    assert len(model.asked) == 2


def test_a_damaged_cache_entry_counts_as_none(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "abc.json").write_bytes(b"{half")
    assert cache.get("abc") is None


def test_an_estimate_counts_windows_and_modes() -> None:
    record, settings = conversation(turns=20), JudgeSettings(model="m", window_chars=400)
    cut = len(windows(record, most_chars=400))
    assert estimate(record, mast().codes, settings).calls == 14 * cut
    assert estimate(record, mast().codes, JudgeSettings(model="m", window_chars=400, variant="all")).calls == cut


def verdict(occurred: bool | None, failure: str | None = None) -> Verdict:
    return Verdict(code=CODE, occurred=occurred, failure=failure, evaluator=EvaluatorId("j"), evaluator_version="1")


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ([True, True, False], True),
        ([False, False, True], False),
        ([True, False], None),
        ([None, True], True),
        ([None, None], None),
    ],
)
def test_the_majority_of_cast_votes_decides(votes: list[bool | None], outcome: bool | None) -> None:
    [decided] = vote([[verdict(each)] for each in votes])
    assert decided.occurred is outcome


def test_the_flip_rate_counts_codes_whose_votes_differ() -> None:
    ballots = [[verdict(True), verdict(False), verdict(None)], [verdict(False), verdict(False), verdict(True)]]
    assert flip_rate(ballots) == 0.5
    assert flip_rate([[verdict(True)]]) is None


async def test_a_member_of_the_jury_that_fails_is_replaced_by_a_reserve() -> None:
    sat: list[str] = []

    def member(name: str, occurred: bool | None) -> Callable[[], "object"]:
        async def judge_it() -> list[Verdict]:
            sat.append(name)
            return [verdict(occurred, None if occurred is not None else "away")]

        return judge_it

    members = [member("a", True), member("b", None), member("c", True), member("d", False)]
    [decided] = await sit(members, size=2, evaluator=EvaluatorId("jury"))  # pyright: ignore[reportArgumentType]
    assert (sat, decided.occurred, decided.evaluator) == (["a", "b", "c"], True, "jury")


def test_examples_in_prompts_are_the_codebooks_own_and_change_order() -> None:
    plain, swapped = (prompt.mode_instructions(ENTRY, is_swapped=swap) for swap in (False, True))
    assert plain != swapped
    assert sorted(plain.splitlines()) == sorted(swapped.splitlines())


def test_what_a_record_says_cannot_break_the_prompt() -> None:
    record = conversation(text="{task} {0} %s ```")
    text = prompt.record_text(record, windows(record, most_chars=10_000), 0, None)
    assert "{task} {0} %s ```" in text
