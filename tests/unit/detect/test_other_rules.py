"""All other rules: one conversation in which each fires, and those in which it must not."""

import pytest

from masthead.detect.registry import suite
from masthead.model.conversation import Act, AgentKind, Conversation, EndingKind
from masthead.testing.turns import answer, call, hand, say, talk

pytestmark = pytest.mark.unit
# ruff: noqa: E501 - one conversation a line reads better than ten lines each

PROXY: dict[str, AgentKind] = {"proxy": "system"}
TASK = say("proxy", "Solve the problem: how much ribbon is needed for twelve bows?")
GO_ON = say("proxy", "Continue. Please keep solving the problem until you need to query.")
WORK = "\n".join(f"def step_{i}(): return {i}" for i in range(12))
RAN = [call("solver", "python", "print(43)"), answer("python", "43")]
EDIT = call("editor", "editor", "patch = 'x'")
BASH = call("executor", "bash", "pytest -q")
WRITES = [call("editor", "write_file", f'{{"path": "a.py", "content": "{text}"}}') for text in "ABC"]
REPORT = "Compare the two libraries and write your findings to report.md."

FIRES: dict[str, Conversation] = {
    "stuck-prompt": talk(TASK, *[t for i in range(3) for t in (say("solver", f"No, because {i}."), GO_ON)], kinds=PROXY),
    "talk-after-goal": talk(say("a", "The task is complete."), *[say("b", f"Indeed {i}") for i in range(4)]),
    "early-end": talk(say("a", "I still need the file."), ending=EndingKind.LIMIT),
    "failed-check-end": talk(call("a", "bash", "pytest"), answer("bash", "boom", is_error=True), say("a", "Done.")),
    "stated-assumption": talk(TASK, say("solver", "The length is not given. Let's assume it is 1 m.\nSo 12 m.")),
    "unanswered-question": talk(say("a", "Which file do you mean?"), call("a", "delete", "all of them")),
    "off-task": talk(
        *[say("a", f"Bananas grow in warm climates, number {i}, and ripen slowly.") for i in range(5)],
        task="Repair the parser of configuration files so that empty sections raise errors",
    ),
    "format-mismatch": talk(say("a", "The name is Ada, the age is 36."), task="Return the person as valid JSON."),
    "role-swap": talk(say("reviewer", "Fix it."), say("coder", "Done.\nreviewer: It looks fine to me.")),
    "said-and-did": talk(
        call("a", "read_log", "x"), call("a", "drop_table", "x"), call("a", "drop_table", "y", "Let me use read_log.")
    ),
    "dropped-finding": talk(call("a", "search", '{"q": "bug"}'), say("a", "ok"), call("b", "search", '{"q": "bug"}')),
    "ignored-error": talk(call("a", "fetch", "u"), answer("fetch", "500", is_error=True), say("a", "The page says hello.")),
    "ignored-instruction": talk(
        say("coder", WORK), say("reviewer", "Please rename every function, the names say nothing."), say("coder", WORK)
    ),
    "unused-handoff": talk(
        hand("nav", "planner", "The bug is in src/app/core.py, function load_all, line 1042."),
        *[say("planner", f"I would rather write a poem about the sea, verse {word}.") for word in "abcd"],
    ),
    "forgotten": talk(
        say("a", "Could you tell me which account number you have?"), say("user", "It is 17."), say("a", "Thanks."),
        say("user", "Well?"), say("a", "Could you tell me which account number you have?"),
    ),
    "context-truncated": talk(answer("model", "Error: maximum context length is 8192 tokens", is_error=True)),
    "unverified-end": talk(say("p", "go"), BASH, EDIT, say("editor", "Changed."), say("p", "All done.")),
    "undone": talk(WRITES[0], WRITES[1], say("editor", "Let me see."), WRITES[0]),
    "missing-part": talk(say("user", REPORT), say("a", "The first is faster. I am done."), task=REPORT),
    "unopened-check": talk(BASH, WRITES[0], say("editor", "Changed it."), say("reviewer", "Looks good to me.")),
    "contradictory-answers": talk(say("a", "So the answer is 78."), say("b", "No: \\boxed{97}")),
    "contradicted-verdict": talk(BASH, answer("bash", "2 failed, 3 passed"), say("reviewer", "All tests pass.")),
    "uncritical-acceptance": talk(TASK, *RAN, say("solver", "\\boxed{43}"), final="43", is_success=False),
}  # fmt: skip

SILENT: dict[str, list[Conversation]] = {
    "stuck-prompt": [
        talk(TASK, say("solver", "No."), GO_ON, say("solver", "Well."), GO_ON, kinds=PROXY),
        talk(TASK, *[GO_ON, *RAN] * 4, kinds=PROXY),
    ],
    "talk-after-goal": [talk(say("a", "The task is complete."), say("b", "Good.")), talk(say("a", "Thank you!"), say("b", "Bye"))],
    "early-end": [talk(say("a", "Done."))],
    "failed-check-end": [talk(*RAN, say("a", "Done.")), talk(call("a", "bash", "x"), answer("bash", "b", is_error=True), *RAN)],
    "stated-assumption": [
        talk(TASK, say("solver", "The length is not given. How long is it?")),
        talk(TASK, say("solver", "Let's assume it is 1 m."), call("solver", "search", "ribbon length")),
        talk(TASK, say("solver", "We assume 1 m."), say("critic", "You assume a length that is not given.", act=Act.VERDICT)),
        talk(TASK, say("WebSurfer", "It is safe to assume that the page lists it."), say("solver", "We assume 1 m.")),
        talk(TASK, say("solver", "import your_module  # assuming it is there: your_module")),
    ],
    "unanswered-question": [talk(say("a", "Which file?"), say("user", "That one."), call("a", "delete", "that one"))],
    "off-task": [talk(*[say("a", f"The parser fails on empty section {i} of the file.") for i in range(6)],
                      task="Repair the parser of configuration files so that empty sections raise errors")],
    "format-mismatch": [
        talk(say("a", '```json\n{"name": "Ada"}\n```'), task="Return the person as valid JSON."),
        talk(say("a", "Ada"), task="Return the person's name."),
        talk(say("a", "name: Ada\nyears:\n  - 1815\n  - 1852"), task="Return the person as YAML."),
        talk(say("a", '{"name": "Ada", "age": 36}'), task='Return JSON with the keys "name" and "age".'),
        talk(say("a", "<p>Ada</p>"), task="Return the person as XML."),
        talk(say("a", "```python\nprint(1)\n```"), task="Answer with a code block."),
    ],
    "role-swap": [talk(say("reviewer", "Fix it."), say("coder", "Note: done.\ncoder: done."))],
    "said-and-did": [talk(call("a", "read_log", "x"), call("a", "read_log", "y", "Let me use read_log again."))],
    "dropped-finding": [talk(call("a", "search", '{"q": "bug"}'), call("a", "search", '{"q": "bug"}'))],
    "ignored-error": [talk(call("a", "fetch", "u"), answer("fetch", "500", is_error=True), say("a", "That failed; I try v."))],
    "ignored-instruction": [talk(say("coder", WORK), say("reviewer", "Please rename every function, they say nothing."),
                                 say("coder", WORK.replace("step", "stage")))],
    "unused-handoff": [talk(hand("nav", "planner", "The bug is in src/app/core.py, function load_all, line 1042."),
                            *[say("planner", "Open src/app/core.py then.")] * 5)],
    "forgotten": [talk(say("a", "Which account number do you have?"), say("user", "17"), say("a", "What is your name?"))],
    "context-truncated": [talk(say("a", "The maximum context length of this model is 8192 tokens."))],
    "unverified-end": [talk(EDIT, BASH, say("p", "All done.")), talk(say("a", "Nothing to do."))],
    "undone": [talk(*WRITES), talk(WRITES[0], WRITES[0], WRITES[1]), talk(call("editor", "write_file", "x = 1"))],
    "missing-part": [
        talk(say("user", REPORT), call("a", "save", '{"path": "report.md"}'), say("a", "Done."), task=REPORT),
        talk(say("user", REPORT), say("a", "I must stop."), task=REPORT, ending=EndingKind.LIMIT),
        talk(say("a", "Done."), task="Read report.md and tell me what it says."),
    ],
    "unopened-check": [
        talk(WRITES[0], BASH, say("reviewer", "Looks good to me.")),
        talk(WRITES[0], say("reviewer", "Looks good, but the name is wrong.")),
        talk(WRITES[0], say("editor", "Looks good to me.")),
    ],
    "contradictory-answers": [
        talk(say("a", "So the answer is 78."), say("b", "I agree: \\boxed{78}")),
        talk(say("a", "The answer is 78."), say("b", "No: \\boxed{97}"), say("a", "You are right, we stop.")),
    ],
    "contradicted-verdict": [
        talk(BASH, answer("bash", "5 passed"), say("reviewer", "All tests pass.")),
        talk(BASH, answer("bash", "2 failed"), say("reviewer", "All tests passed but two, which fail.")),
    ],
    "uncritical-acceptance": [
        talk(TASK, *RAN, say("solver", "\\boxed{43}"), final="43", is_success=True),
        talk(TASK, *RAN, say("solver", "\\boxed{43}"), final="43"),
        talk(TASK, say("solver", "\\boxed{43}"), final="43", is_success=False),
    ],
}  # fmt: skip


@pytest.mark.parametrize("rule", sorted(FIRES))
def test_a_rule_sees_what_it_says_it_sees(rule: str):
    findings = suite([rule]).findings(FIRES[rule])
    assert len(findings) == 1
    finding = findings[0]
    assert finding.evaluator == rule
    assert finding.evidence
    assert all(0 <= turn < len(FIRES[rule].turns) for turn in finding.evidence)
    assert finding.began_turn in finding.evidence
    assert finding.reason


@pytest.mark.parametrize(("rule", "number"), [(rule, i) for rule in sorted(SILENT) for i in range(len(SILENT[rule]))])
def test_a_rule_passes_over_what_it_should_not_see(rule: str, number: int):
    assert suite([rule]).findings(SILENT[rule][number]) == []


@pytest.mark.parametrize(
    ("task", "said", "lacks"),
    [
        ('Return JSON with the keys "name" and "age".', '{"name": "Ada"}', "holds no 'age'"),
        ("Return the person as YAML.", "Her name is Ada.\nShe was a mathematician.", "holds none"),
        ("Return the person as XML.", "<p>Ada", "holds none"),
        ("Answer with a code block.", "print(1)", "holds none"),
    ],
)
def test_a_format_mismatch_says_what_is_missing(task: str, said: str, lacks: str):
    (finding,) = suite(["format-mismatch"]).findings(talk(say("a", said), task=task))
    assert lacks in finding.reason
