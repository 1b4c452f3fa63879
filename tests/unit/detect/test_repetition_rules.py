"""FM-1.3 and FM-2.1: what is repetition and what is not."""

from collections.abc import Sequence

import pytest

from masthead.detect.registry import suite
from masthead.detect.step import Reader
from masthead.model.conversation import Act, Conversation, Turn
from masthead.model.score import Finding
from masthead.testing.turns import answer, call, numbered, say, talk

pytestmark = pytest.mark.unit

WORK = "\n".join(f"def test_case_{i}(): assert compute({i}) == {i * i}, 'squares are wrong'" for i in range(8))
OTHER = "\n".join(f"def test_edge_{i}(): assert compute(-{i}) is None, 'negatives are refused'" for i in range(8))
LONG = "I will now open the configuration file and look for the setting that switches the cache off."


def found(rule: str, conversation: Conversation) -> list[Finding]:
    return suite([rule]).findings(conversation)


def test_work_delivered_again_after_a_review_is_found_with_its_turns():
    findings = found(
        "repeated-work", talk(say("coder", "x = 1"), say("tester", WORK), say("reviewer", ""), say("tester", WORK))
    )
    assert [(f.code, f.evidence, f.began_turn, f.began_agent) for f in findings] == [("FM-1.3", (1, 3), 3, "tester")]
    assert "100%" in findings[0].reason


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([say("tester", WORK), say("reviewer", "more"), say("tester", OTHER)], id="new work"),
        pytest.param([say("tester", WORK), say("tester", WORK)], id="nobody spoke in between"),
        pytest.param([say("tester", WORK), say("reviewer", "ok"), say("reviewer", WORK)], id="quoted by another"),
        pytest.param(
            [say("tester", WORK), call("coder", "edit", "patch the file"), say("coder", "done"), say("tester", WORK)],
            id="a tool changed something in between",
        ),
        pytest.param([say("tester", "ok"), say("reviewer", "go"), say("tester", "ok")], id="too short to be work"),
    ],
)
def test_what_is_no_repeated_work(turns: Sequence[Turn]):
    assert found("repeated-work", talk(*turns)) == []


def test_a_near_copy_is_repeated_work_and_half_a_copy_is_not():
    near = WORK.replace("compute(3) == 9", "compute(3) == 10")
    half = "\n".join([*WORK.split("\n")[:4], *OTHER.split("\n")[:4]])
    longer = WORK + "\n" + "\n".join(f"# line {i} of the same file, kept" for i in range(8))
    assert not found("repeated-work", talk(say("t", WORK), say("r", "hm"), say("t", half)))
    changed = longer.replace("compute(3) == 9", "compute(3) == 10")
    assert found("repeated-work", talk(say("t", longer), say("r", "hm"), say("t", changed)))
    assert not found("repeated-work", talk(say("t", WORK), say("r", "hm"), say("t", near)))  # one line of eight is new


def test_the_third_identical_step_is_found():
    turns = [say("user", "go"), *[turn for i in range(3) for turn in (say("nav", LONG), say("planner", f"try {i}"))]]
    findings = found("repeated-step", talk(*turns))
    assert [f.evidence for f in findings] == [(1, 3, 5)]


@pytest.mark.parametrize(
    "turns",
    [
        pytest.param([say("user", "go"), *[say("user", LONG), say("nav", "?")] * 4], id="a person repeats"),
        pytest.param([say("user", "go"), *[say("nav", "Next speaker: coder"), say("coder", "ok")] * 4], id="a formula"),
        pytest.param([say("user", "go"), *[say("j", LONG, act=Act.VERDICT), say("x", "n")] * 4], id="the same verdict"),
        pytest.param(
            [say("user", "go"), *[t for i in range(4) for t in (say("nav", f"{LONG} Page {i}."), say("p", "ok"))]],
            id="other pages",
        ),
    ],
)
def test_what_is_no_repeated_step(turns: Sequence[Turn]):
    assert found("repeated-step", talk(*turns)) == []


def test_the_same_call_without_recorded_results_is_repeated_the_fourth_time_unless_something_was_edited():
    calls = [call("nav", "open_file", '{"path": "core.py"}', f"I look again, for reason {i}.") for i in range(4)]
    edit = call("editor", "editor", "patch")
    assert [f.evidence for f in found("repeated-step", talk(say("user", "go"), *calls))] == [(1, 2, 3, 4)]
    assert found("repeated-step", talk(say("user", "go"), *calls[:3], edit, calls[3])) == []
    answered = [t for each in calls for t in (each, answer("open_file", f"text {each.text}"))]
    assert found("repeated-step", talk(say("user", "go"), *answered)) == []


def test_a_call_is_repeated_only_when_its_answer_is_the_same():
    polling = [
        t for state in ("queued", "running", "done") for t in (call("a", "status", "{}"), answer("status", state))
    ]
    stuck = [t for _ in range(3) for t in (call("a", "status", '{"id": 7}'), answer("status", "queued"))]
    assert found("repeated-call", talk(*polling)) == []
    assert [f.evidence for f in found("repeated-call", talk(*stuck))] == [(0, 2, 4)]


def test_a_call_after_a_change_is_no_repetition():
    look = [call("a", "read_file", '{"path": "x"}'), answer("read_file", "same")]
    turns = [*look, *look, call("a", "write_file", "new text"), answer("write_file", "ok"), *look]
    assert found("repeated-call", talk(*turns)) == []


def test_a_changing_call_that_keeps_giving_the_same_is_repeated_all_the_same():
    refused = [call("a", "update_order", '{"id": 5}'), answer("update_order", "no such order")]
    assert [f.evidence for f in found("repeated-call", talk(*refused * 3))] == [(0, 2, 4)]


def test_a_failing_call_retried_without_change_is_found_at_the_third_failure():
    fail = [call("a", "fetch", '{"url": "u"}'), answer("fetch", "404", is_error=True)]
    other = [call("a", "fetch", '{"url": "v"}'), answer("fetch", "page")]
    assert [f.evidence for f in found("failing-retry", talk(*fail, *fail, *fail))] == [(0, 2, 4)]
    assert found("failing-retry", talk(*fail, *fail, *other, *fail)) == []
    assert found("failing-retry", talk(*fail, *fail)) == []


def test_circles_of_two_and_three_steps_are_found_and_moving_ones_are_not():
    pair = [say("a", "Please check the total once more."), say("b", "I have checked it, please look.")]
    triple = [*pair, say("c", "Somebody should check this.")]
    assert found("cycle", talk(*pair * 3))[0].evidence == (0, 1, 2, 3, 4, 5)
    assert found("cycle", talk(*triple * 3))
    assert found("cycle", talk(*triple * 2, *pair)) == []
    moving = [t for i in range(6) for t in (say("a", f"Read page {i}, please."), say("b", f"Here is page {i}."))]
    assert found("cycle", talk(*moving)) == []


def test_eight_steps_without_anything_new_are_no_progress():
    same = [call("a", "list", "{}"), answer("list", "empty")]
    assert found("no-progress", talk(*same * 5))
    fresh = [t for i in range(5) for t in (call("a", "list", f'{{"page": {i}}}'), answer("list", "empty"))]
    assert found("no-progress", talk(*fresh)) == []


def test_a_third_paraphrase_without_a_new_fact_is_found():
    turns = [say("user", "go")]
    for word in ("quickly", "swiftly", "rapidly"):
        turns += [say("a", f"We should {word} look into the configuration file and find the setting."), say("b", "ok")]
    assert found("paraphrased-step", talk(*turns))
    turns = [say("user", "go")]
    for i in range(3):
        turns += [
            say("a", f"We should now look into the configuration file conf_{i}.toml and find it."),
            say("b", "ok"),
        ]
    assert found("paraphrased-step", talk(*turns)) == []


OPENING = [say("system", "Initialized instance 1"), say("system", "Initialized tools"), say("planner", LONG)]


def test_an_opening_that_comes_again_after_work_is_a_restart():
    work = [say("nav", f"I found file number {i}") for i in range(6)]
    findings = found("restart", talk(*OPENING, *work, *OPENING, kinds={"system": "system"}))
    assert [(f.code, f.evidence, f.began_turn) for f in findings] == [("FM-2.1", (0, 9), 9)]


def test_an_opening_repeated_before_any_work_is_no_restart():
    assert found("restart", talk(*OPENING[:2], *OPENING, say("nav", "first step"))) == []
    assert found("restart", talk(*OPENING, *[say("nav", f"step {i}") for i in range(9)])) == []


def test_a_task_given_again_from_the_top_is_a_restart_when_it_is_long_enough_to_tell():
    task = say("user", "Find the bug. " + "It shows when the file is empty and the cache is on. " * 5)
    work = [say("nav", f"I found file number {i}") for i in range(9)]
    assert found("restart", talk(task, *work, task, say("nav", "hm")))
    assert found("restart", talk(say("user", "go on"), *work, say("user", "go on"), say("nav", "other"))) == []


def test_a_doubled_log_is_read_as_if_it_were_single():
    reader = Reader()
    reader.begin(None)
    twice = [turn for i in range(10) for turn in [say("nav", f"step {i}")] * 2]
    steps = [reader.read(turn) for turn in numbered(twice)]
    assert sum(step is not None for step in steps[8:]) == 6
    single = [say("nav", f"step {i}") for i in range(10)]
    reader.begin(None)
    assert all(reader.read(turn) for turn in numbered([*single, say("nav", "same"), say("nav", "same")]))


def test_a_page_seen_again_after_another_action_is_no_work_delivered_again():
    page = "\n".join(f"Menu entry {number} of the shop, with its price" for number in range(30))
    seen = [f"I clicked {button!r}.\n{page}\nA new offer at the end: {button}." for button in ("next", "last")]
    again = [say("surfer", seen[0]), say("planner", "Go on."), say("surfer", seen[1]), say("planner", "Go on.")]
    assert suite(["repeated-work"]).findings(talk(*again)) == []
    assert len(suite(["repeated-work"]).findings(talk(*again, say("surfer", seen[0])))) == 1
