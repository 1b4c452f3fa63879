"""Which rules look for which behaviour: the table of the reference page, and where a judge is needed beside them."""

from typing import Final, NamedTuple


class Behaviour(NamedTuple):
    """Something that teams of agents do wrong, in plain words; `beyond` is the part of it that rules cannot see."""

    name: str
    rules: tuple[str, ...]
    beyond: str | None = None


BEHAVIOURS: Final = (
    Behaviour("a step repeated exactly", ("repeated-step",)),
    Behaviour("a step repeated nearly, line for line", ("repeated-work",)),
    Behaviour("a step repeated in other words", ("paraphrased-step",), "wholly different words"),
    Behaviour("A-B-A-B and longer cycles between agents or tools", ("cycle",), "circles whose wording changes"),
    Behaviour("the same tool call with the same arguments", ("repeated-call", "repeated-step")),
    Behaviour("the same failing call retried without change", ("failing-retry",)),
    Behaviour("state without progress", ("no-progress", "stuck-prompt"), "movement in words only"),
    Behaviour("a restart of the conversation or of the task", ("restart",), "restarts that are worded otherwise"),
    Behaviour("asking again for what was told", ("forgotten",), "questions in new words"),
    Behaviour("undoing what was settled", ("undone",), "decisions undone in words"),
    Behaviour("context cut off", ("context-truncated",), "silent truncation"),
    Behaviour("talk after the goal was reached", ("talk-after-goal",), "goals reached without a word"),
    Behaviour("thanks and goodbyes that answer each other", ("talk-after-goal",)),
    Behaviour("ending before the asked-for parts exist", ("missing-part", "early-end"), "parts that are no named file"),
    Behaviour("“done” while the last check failed", ("failed-check-end",)),
    Behaviour("a step, time, token or cost limit hit", ("early-end",)),
    Behaviour("no verification between the last change and the end", ("unverified-end",), "checks by reading"),
    Behaviour(
        "verification that did not look at the result",
        ("unopened-check", "unverified-end"),
        "a look at the wrong thing",
    ),
    Behaviour("nobody decides between answers that differ", ("contradictory-answers",)),
    Behaviour("a verdict contradicted by the tool result beside it", ("contradicted-verdict",)),
    Behaviour(
        "a wrong answer checked and passed", ("uncritical-acceptance",), "everything where no outcome is recorded"
    ),
    Behaviour("a handoff whose content the receiver never uses", ("unused-handoff",), "use without naming"),
    Behaviour("an instruction or correction that is ignored", ("ignored-instruction",), "ignored in new work"),
    Behaviour("a finding that is not passed on", ("dropped-finding",), "findings that nobody looks up again"),
    Behaviour("a decision stated and another action taken", ("said-and-did",), "decisions other than for a tool"),
    Behaviour(
        "a format that is not the one asked for (JSON and its keys, YAML, XML, code, a boxed answer)",
        ("format-mismatch",),
        "any other constraint",
    ),
    Behaviour("a role acting as another", ("role-swap",), "acts beyond a role without its name"),
    Behaviour("drifting from the task", ("off-task",), "another problem in the same words"),
    Behaviour("an unanswered question", ("unanswered-question",), "questions within a message"),
    Behaviour("an assumption in place of a question", ("stated-assumption",), "assumptions that are not stated"),
    Behaviour("a tool's error swallowed", ("ignored-error",), "errors that the record does not mark"),
)
