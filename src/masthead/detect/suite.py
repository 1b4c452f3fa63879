"""Run many rules over one reading of the turns. A suite is a `Detector`; so is a suite of one rule."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from masthead.detect.rule import Claim, Close, Rule, Run
from masthead.detect.step import Reader, ReaderState
from masthead.model.conversation import Act, AgentKind, Conversation, Ending, Turn
from masthead.model.errors import InvalidInput
from masthead.model.ids import AgentId, Code, EvaluatorId
from masthead.model.score import Finding
from masthead.model.span import AttributeValue

AnyRule = Rule[Any]


class Confidence(msgspec.Struct, frozen=True):
    """How often a rule's findings are right, as measured on labels; None where it was not measured."""

    value: float
    is_calibrated: bool


UNMEASURED = Confidence(0.5, False)


class Suite:
    """A detector made of rules. Pure: no I/O, no model call, no clock; state bounded whatever the length of the run.

    Each rule reports at most `limit` times a run, each time on other evidence.
    """

    def __init__(
        self,
        rules: Sequence[AnyRule],
        *,
        confidences: Mapping[str, Confidence] | None = None,
        limit: int = 1,
        id_: str = "suite",
    ) -> None:
        self._rules = list(rules)
        self._confidences = confidences or {}
        self._limit = limit
        self._id = EvaluatorId(self._rules[0].id if len(self._rules) == 1 else id_)
        self._reader = Reader()
        self._fired: dict[str, list[list[int]]] = {}
        self._by_act: dict[Act, list[AnyRule]] = {
            act: [rule for rule in self._rules if act in rule.acts] for act in Act
        }
        self.start(None)

    @property
    def id(self) -> EvaluatorId:
        """The rule's id, for a suite of one."""
        return self._id

    @property
    def version(self) -> str:
        """The versions of all rules."""
        return "+".join(sorted({rule.version for rule in self._rules}))

    @property
    def codes(self) -> tuple[Code, ...]:
        """The failure modes that any rule speaks to."""
        return tuple(sorted({Code(code) for rule in self._rules for code in rule.codes}))

    def start(self, task: str | None, kinds: Mapping[AgentId, AgentKind] | None = None) -> None:
        """Forget everything and begin a run; `kinds` says who is a person, a tool or the framework, where known."""
        self._reader.begin(kinds)
        self._fired = {}
        for rule in self._rules:
            rule.begin(Run(task=task, kinds=kinds))

    def feed(self, turn: Turn) -> Sequence[Finding]:
        """Read the next turn; return what it makes evident."""
        step = self._reader.read(turn)
        if step is None:
            return ()
        found: list[Finding] | None = None
        for rule in self._by_act[turn.act]:
            claim = rule.step(step)
            if claim is not None:
                finding = self._finding(rule, claim)
                if finding is not None:
                    found = [*(found or []), finding]
        return found or ()

    def close(self, ending: Ending, *, is_success: bool | None = None) -> Sequence[Finding]:
        """Read how the run ended; return what only the end makes evident.

        `is_success` is the record's own verdict on the task, from a benchmark's checker or a reward, where it has one.
        """
        close = Close(ending=ending, is_success=is_success, last=self._reader.state.last)
        found: list[Finding] = []
        for rule in self._rules:
            claim = rule.end(close)
            finding = self._finding(rule, claim) if claim is not None else None
            if finding is not None:
                found.append(finding)
        return found

    def findings(self, conversation: Conversation) -> list[Finding]:
        """Read a whole stored conversation; return all findings in order of discovery."""
        self.start(conversation.task, {agent.id: agent.kind for agent in conversation.agents})
        found: list[Finding] = []
        for turn in conversation.turns:
            found.extend(self.feed(turn))
        found.extend(self.close(conversation.ending, is_success=conversation.is_success))
        return found

    def snapshot(self) -> Mapping[str, AttributeValue]:
        """Return the whole state as plain JSON data."""
        state: dict[str, AttributeValue] = {
            "reader": msgspec.to_builtins(self._reader.state, str_keys=True),
            "kinds": {str(agent): str(kind) for agent, kind in self._reader.kinds.items()},
            "task": self._rules[0].run.task if self._rules else None,
            "fired": {rule: [list(evidence) for evidence in each] for rule, each in self._fired.items()},
            "rules": {rule.id: rule.dump() for rule in self._rules},
        }
        return state

    def restore(self, state: Mapping[str, AttributeValue]) -> None:
        """Take up a state that `snapshot` returned; raise `InvalidInput` where it is another suite's."""
        raw = cast("Mapping[str, Any]", state)
        try:
            self._reader.begin(dict(raw["kinds"]))
            self._reader.state = msgspec.convert(raw["reader"], ReaderState, strict=False)
            self._fired = {rule: [list(each) for each in evidence] for rule, evidence in raw["fired"].items()}
            run = Run(task=raw["task"], kinds=self._reader.kinds)
            for rule in self._rules:
                rule.begin(run)
                rule.load(raw["rules"][rule.id])
        except (KeyError, TypeError, msgspec.ValidationError) as error:
            raise InvalidInput(f"not a snapshot of these rules ({error!r}); start the run again") from error

    def _finding(self, rule: AnyRule, claim: Claim) -> Finding | None:
        fired = self._fired.setdefault(rule.id, [])
        evidence = list(claim.evidence)
        if len(fired) >= self._limit or evidence in fired:
            return None
        fired.append(evidence)
        confidence = self._confidences.get(rule.id, UNMEASURED)
        return Finding(
            code=Code(rule.codes[0]),
            evaluator=EvaluatorId(rule.id),
            evaluator_version=rule.version,
            evidence=claim.evidence,
            reason=claim.reason,
            confidence=confidence.value,
            is_calibrated=confidence.is_calibrated,
            began_turn=claim.began_turn if claim.began_turn is not None else min(claim.evidence, default=None),
            began_agent=claim.began_agent,
        )
