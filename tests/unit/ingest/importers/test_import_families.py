"""What each family of logs becomes: who speaks, to whom, what is done, and how it ended."""

import io
from decimal import Decimal

import pytest

from masthead.conversation import conversation_of
from masthead.conversation.written import spans_of
from masthead.ingest.importers.family import Imported, ImportedRun, ImportedSpans, RunLabels
from masthead.ingest.importers.registry import BY_ID, candidates, family_named, formats, read
from masthead.ingest.records import records
from masthead.ingest.sources import document_of
from masthead.model.conversation import Act, Conversation, EndingKind
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit


def everything(log: bytes, name: str = "log", format_id: str | None = None) -> list[Imported]:
    found: list[Imported] = []
    for document in document_of(name, io.BytesIO(log)):
        for record in records(document, kind=BY_ID[format_id].kind if format_id else None):
            assert not isinstance(record, InvalidInput), record
            family = family_named(format_id) if format_id else candidates(record)[0]
            found += read(family, record)
    return found


def run_of(log: bytes, name: str = "log") -> ImportedRun:
    (imported,) = everything(log, name)
    assert isinstance(imported, ImportedRun)
    return imported


def conversation(log: bytes, name: str = "log") -> Conversation:
    return run_of(log, name).conversation


def acts(found: Conversation) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.act.value) for turn in found.turns]


@pytest.mark.parametrize("format_id", sorted(BY_ID))
def test_a_log_is_recognised_as_its_family_and_no_other(samples: dict[str, bytes], format_id: str) -> None:
    for document in document_of("log", io.BytesIO(samples[format_id])):
        for record in records(document):
            assert not isinstance(record, InvalidInput)
            assert [family.id for family in candidates(record)] == [format_id]


@pytest.mark.parametrize("format_id", sorted(BY_ID))
def test_a_run_survives_being_written_as_spans(samples: dict[str, bytes], format_id: str) -> None:
    for imported in everything(samples[format_id]):
        if isinstance(imported, ImportedRun):
            found = imported.conversation
            back = conversation_of(spans_of(found, start_ns=1_700_000_000_000_000_000))
            assert [turn.text for turn in back.turns] == [turn.text for turn in found.turns]
            assert (back.agents, back.task, back.ending, back.metadata) == (
                found.agents,
                found.task,
                found.ending,
                found.metadata,
            )


@pytest.mark.parametrize("format_id", sorted(BY_ID))
def test_a_run_keeps_its_id_wherever_it_lies(samples: dict[str, bytes], format_id: str) -> None:
    def ids(name: str) -> list[str]:
        return [
            found.conversation.run_id
            for found in everything(samples[format_id], name)
            if isinstance(found, ImportedRun)
        ]

    assert ids("a/log.json") == ids("b.tar!c/other.txt")
    assert len(set(ids("a"))) == len(ids("a"))


def test_every_family_describes_itself() -> None:
    for family in formats():
        assert len(family.notes) > 200, family.id
        assert family.title
        assert family.looks_like


def test_an_unknown_format_is_named_with_those_that_exist() -> None:
    with pytest.raises(InvalidInput, match="no format 'word'; there are ag2, "):
        family_named("word")


@pytest.mark.parametrize("format_id", ["hyperagent-json", "hyperagent-log"])
def test_hyperagent_tells_handoffs_tools_and_restarts(samples: dict[str, bytes], format_id: str) -> None:
    found = conversation(samples[format_id])
    assert acts(found) == [
        ("HyperAgent", "message"),
        ("HyperAgent", "message"),
        ("Planner", "handoff"),
        ("Navigator", "tool_call"),
        ("Navigator", "message"),
        ("Navigator", "message"),
        ("Planner", "message"),
    ]
    call = found.turns[3]
    assert (call.tool_name, call.text) == ("code_search", "Thought: search for it.")
    assert call.tool_arguments == 'result = code_search._run(names=["parse_lines"])\nprint(result)'
    assert found.turns[2].addressees == ("Navigator",)
    assert found.turns[4].text == ""
    assert found.turns[5].addressees == ("Planner",)
    assert (found.ending.kind, found.ending.answer) == (
        EndingKind.COMPLETED,
        "return lines[:-1] should be lines.",
    )
    assert found.task_id == "acme__widget-7"
    assert found.task == ("The last line is lost." if format_id == "hyperagent-json" else None)


def test_a_hyperagent_run_that_stops_at_a_handoff_is_unfinished(samples: dict[str, bytes]) -> None:
    cut = samples["hyperagent-log"].split(b"HyperAgent_acme__widget-7 - INFO - Inner")[0]
    assert conversation(cut).ending.kind is EndingKind.UNFINISHED


def test_mathchat_goes_by_name_and_knows_calls_from_results(samples: dict[str, bytes]) -> None:
    found = conversation(samples["ag2"], "trajs_gpt-4o_impr_prompt_orig_topology_43/q-1.json")
    assert acts(found) == [
        ("mathproxyagent", "message"),
        ("assistant", "tool_call"),
        ("mathproxyagent", "tool_result"),
        ("assistant", "tool_call"),
        ("mathproxyagent", "tool_result"),
        ("assistant", "message"),
    ]
    assert [turn.is_error for turn in found.turns] == [False, False, True, False, False, False]
    assert (found.turns[1].text, found.turns[1].tool_arguments) == ("Let me run it.", "print(6 * 7)")
    assert found.is_success is True
    assert (found.ending.kind, found.ending.answer) == (EndingKind.COMPLETED, "42")
    assert found.tags == ("prompt",)
    assert (found.metadata["model"], found.metadata["design"], found.metadata["seed"]) == ("gpt-4o", "prompt", 43)
    assert {str(agent.id): agent.models for agent in found.agents}["assistant"] == ("gpt-4o",)


def test_the_same_chat_under_two_seeds_is_two_runs(samples: dict[str, bytes]) -> None:
    first = conversation(samples["ag2"], "trajs_gpt-4_orig_prompt_orig_topology_42/q-1.json")
    second = conversation(samples["ag2"], "trajs_gpt-4_orig_prompt_orig_topology_43/q-1.json")
    assert first.run_id != second.run_id


def test_a_form_nobody_filled_in_is_no_label(samples: dict[str, bytes]) -> None:
    blank = samples["ag2"][:-1] + b', "note": {"options": {"Step repetition": "no"}, "text": [""]}}'
    filled = blank.replace(b'"no"', b'"yes"')
    assert run_of(blank).labels == ()
    assert [(label.name, label.flag) for label in run_of(filled).labels] == [("Step repetition", True)]


def test_metagpt_speaks_by_role_and_keeps_empty_reviews(samples: dict[str, bytes]) -> None:
    found = conversation(samples["metagpt-json"])
    assert acts(found) == [("SimpleCoder", "message"), ("SimpleTester", "message"), ("SimpleReviewer", "message")]
    assert found.turns[0].text.startswith("```python\ndef twice")
    assert found.turns[0].start_ns == 1740823201500000000
    assert found.turns[2].text == ""
    assert found.task == "double it"
    assert found.metadata["cost_usd"] == 0.05


def test_a_communication_log_tells_who_asked(samples: dict[str, bytes]) -> None:
    found = conversation(samples["metagpt-log"])
    assert acts(found) == [("Human", "message"), ("SimpleCoder", "message"), ("SimpleTester", "message")]
    assert found.task == "Write a doubling function."
    assert found.turns[1].text == "def twice(x):\n    Note: not a speaker\n    return 2 * x"
    assert found.agents[0].kind == "human"
    assert found.ending.kind is EndingKind.COMPLETED


def test_chatdev_pays_each_message_and_keeps_instructions_apart(samples: dict[str, bytes]) -> None:
    found = conversation(samples["chatdev"])
    assert acts(found) == [
        ("Chief Executive Officer", "handoff"),
        ("Programmer", "message"),
        ("ChatDev", "message"),
        ("ChatDev", "tool_result"),
        ("ChatDev", "tool_result"),
        ("ChatDev", "ending"),
    ]
    assert found.turns[0].text == "Which language do we use?"
    assert found.turns[0].addressees == ("Programmer",)
    answer = found.turns[1]
    assert (answer.text, answer.input_tokens, answer.output_tokens) == ("<INFO> Python", 100, 20)
    assert (answer.cost_usd, answer.model) == (Decimal("0.001500"), "gpt-4o")
    assert answer.start_ns == 1742211405000000000  # the 17th of March: the log writes year-day-month
    assert found.by_id()[answer.speaker].instructions == "A company. You are Programmer. We share an interest."
    assert [turn.is_error for turn in found.turns] == [False, False, False, False, True, False]
    assert (found.task, found.task_id) == ("Build a clock.", "Clock")


def test_appworld_splits_tasks_and_drops_echoes(samples: dict[str, bytes]) -> None:
    first, second = everything(samples["appworld"])
    assert isinstance(first, ImportedRun)
    assert isinstance(second, ImportedRun)
    assert [(turn.speaker, turn.act.value, turn.text) for turn in first.conversation.turns] == [
        ("Supervisor", "tool_call", ""),
        ("Supervisor", "handoff", "next song"),
        ("Spotify", "tool_call", ""),
        ("AppWorld", "tool_result", "Execution failed. Traceback:\nException: no token"),
        ("Spotify", "message", "I could not."),
        ("Supervisor", "tool_call", ""),
        ("AppWorld", "tool_result", "Code executed successfully."),
    ]
    assert first.conversation.turns[3].is_error
    assert (first.conversation.is_success, second.conversation.is_success) == (False, None)
    assert (first.conversation.task, first.conversation.task_id) == ("Play the next song.", "abc_1")
    assert first.conversation.ending.kind is EndingKind.COMPLETED
    assert second.conversation.ending.kind is EndingKind.UNFINISHED


def test_magentic_one_names_receivers_and_the_terminal(samples: dict[str, bytes]) -> None:
    found = conversation(samples["magentic-one-json"])
    assert acts(found) == [
        ("human", "message"),
        ("Orchestrator", "message"),
        ("Orchestrator", "handoff"),
        ("WebSurfer", "message"),
        ("Orchestrator", "handoff"),
        ("ComputerTerminal", "tool_result"),
        ("Orchestrator", "message"),
        ("Orchestrator", "ending"),
    ]
    assert found.turns[2].addressees == ("WebSurfer",)
    assert found.turns[5].is_error
    assert {str(agent.id): agent.kind for agent in found.agents}["ComputerTerminal"] == "tool"
    assert (found.ending.kind, found.ending.answer) == (EndingKind.COMPLETED, "90 m")
    assert found.task == "How high is the tower?"


def test_the_console_form_drops_the_installer(samples: dict[str, bytes]) -> None:
    found = conversation(samples["magentic-one-console"])
    assert acts(found) == [
        ("user", "message"),
        ("MagenticOneOrchestrator", "message"),
        ("MagenticOneOrchestrator", "handoff"),
        ("WebSurfer", "message"),
        ("MagenticOneOrchestrator", "message"),
    ]
    assert (found.turns[2].addressees, found.turns[2].text) == (("WebSurfer",), "Please search for its height.")
    assert found.ending.answer == "The tower is 90 m high."


def test_a_crash_after_the_last_word_is_an_error(samples: dict[str, bytes]) -> None:
    crashed = samples["magentic-one-console"] + b"Traceback (most recent call last):\n  File x\nValueError: boom\n"
    ending = conversation(crashed).ending
    assert (ending.kind, ending.reason) == (EndingKind.ERROR, "ValueError: boom")


def test_autogen_messages_give_calls_results_and_tokens() -> None:
    log = b"""[{"source": "user", "type": "TextMessage", "content": "hi"},
      {"source": "helper", "type": "ToolCallRequestEvent", "models_usage": {"prompt_tokens": 5, "completion_tokens": 1},
       "content": [{"id": "1", "name": "look", "arguments": "{}"}]},
      {"source": "helper", "type": "ToolCallExecutionEvent",
       "content": [{"call_id": "1", "name": "look", "content": "no", "is_error": true}]},
      {"source": "helper", "type": "HandoffMessage", "target": "other", "content": "yours"}]"""
    found = conversation(log)
    assert acts(found) == [
        ("user", "message"),
        ("helper", "tool_call"),
        ("helper", "tool_result"),
        ("helper", "handoff"),
    ]
    assert (found.turns[1].tool_name, found.turns[1].input_tokens) == ("look", 5)
    assert found.turns[2].is_error
    assert found.turns[3].addressees == ("other",)


def test_openmanus_joins_thought_tool_and_result(samples: dict[str, bytes]) -> None:
    found = conversation(samples["openmanus"])
    assert acts(found) == [("Manus", "tool_call"), ("browser_use", "tool_result"), ("Manus", "message")]
    call, result, last = found.turns
    assert (call.text, call.tool_name, call.tool_arguments) == ("I search.", "browser_use", '{"query":"tower"}')
    assert (call.input_tokens, call.output_tokens) == (24, 3)
    assert (result.text, result.is_error) == ("Error: Page.goto timed out", True)
    assert (result.input_tokens, last.input_tokens) == (90, None)
    assert last.text == "It is 90 m, I think."
    assert found.task == "Find the height of the tower."
    assert (found.ending.kind, found.ending.reason) == (EndingKind.LIMIT, "step 2 of 2 was the last")


def test_whowhen_keeps_its_steps_and_its_label(samples: dict[str, bytes]) -> None:
    run = run_of(samples["whowhen"])
    found = run.conversation
    assert acts(found) == [
        ("Data_Expert", "tool_call"),
        ("Computer_terminal", "tool_result"),
        ("Verification_Expert", "message"),
        ("Verification_Expert", "message"),
    ]
    assert {str(agent.id): agent.kind for agent in found.agents}["Computer_terminal"] == "tool"
    assert found.agents[0].instructions == "You count rows."
    assert found.is_success is False
    assert found.ending.reason == "TERMINATE"
    (label,) = run.labels
    assert (label.name, label.turn, label.agent, label.label) == ("origin", 0, "Data_Expert", "Data_Expert")
    assert (label.evaluator, label.source, label.reason) == ("human:whowhen", "human", "It counts the wrong table.")


def test_masft_labels_say_yes_no_and_nearly(samples: dict[str, bytes]) -> None:
    (found,) = everything(samples["masft-labels"])
    assert isinstance(found, RunLabels)
    flags = {label.name: label.flag for label in found.labels}
    assert len(flags) == 15
    assert (flags["FM-1.3"], flags["FM-3.3"], flags["FM-2.2"], flags["solved"]) == (True, False, None, True)


def test_agentrx_labels_count_steps_from_nought(samples: dict[str, bytes]) -> None:
    (found,) = everything(samples["agentrx-labels"])
    assert isinstance(found, RunLabels)
    assert [(label.name, label.turn, label.label) for label in found.labels] == [
        ("failed_step", 2, "Plan"),
        ("failed_step", 5, "Tool"),
        ("origin", 5, "Computerterminal"),
    ]


def test_matot_tells_reasoners_from_their_judge(samples: dict[str, bytes]) -> None:
    found = conversation(samples["matot"])
    assert acts(found) == [
        ("MA-ToT", "message"),
        ("Reasoner 1", "message"),
        ("Reasoner 1", "verdict"),
        ("Reasoner 1", "message"),
        ("Reasoner 2", "message"),
        ("Thought Validator", "verdict"),
        ("MA-ToT", "ending"),
    ]
    assert found.turns[5].addressees == ("Reasoner 1",)
    assert found.ending.answer == "4"


def test_peer_review_lays_the_chats_side_by_side(samples: dict[str, bytes]) -> None:
    found = conversation(samples["peer-review"])
    assert [turn.speaker for turn in found.turns[:4]] == ["Moderator", "Moderator", "Agent 0", "Agent 1"]
    assert [turn.act for turn in found.turns if turn.speaker == "Agent 1"] == [Act.MESSAGE, Act.VERDICT, Act.MESSAGE]
    assert found.ending.answer == "\\frac{4}{1}, \\frac{5}{1}"
    assert found.is_success is None


def test_tau_bench_is_one_turn_a_message(samples: dict[str, bytes]) -> None:
    found = conversation(samples["tau-bench"])
    assert acts(found) == [
        ("system", "message"),
        ("user", "message"),
        ("assistant", "tool_call"),
        ("cancel", "tool_result"),
        ("assistant", "message"),
        ("user", "message"),
    ]
    assert (found.turns[2].tool_call_id, found.turns[3].tool_call_id) == ("c1", "c1")
    assert found.turns[3].is_error
    assert (found.task, found.task_id, found.user_id) == ("Cancel flight F1.", "3", "ada_1")
    assert (found.is_success, found.metadata["trial"], found.metadata["reward"]) == (True, 2, 1.0)
    assert found.ending.reason == "###STOP###"


def test_messages_split_parallel_calls_and_say_so(samples: dict[str, bytes]) -> None:
    found = conversation(samples["openai-messages"])
    assert acts(found) == [
        ("system", "message"),
        ("user", "message"),
        ("triage", "handoff"),
        ("transfer_to_booking_agent", "tool_result"),
        ("Booking Agent", "tool_call"),
        ("Booking Agent", "tool_call"),
        ("hold", "tool_result"),
        ("Booking Agent", "message"),
    ]
    assert found.turns[2].addressees == ("Booking Agent",)
    assert found.metadata["split_entries"] == "4:2"
    assert (found.turns[4].reasoning, found.turns[4].tool_arguments) == ("I need both.", '{"seats":2}')
    assert found.turns[5].text == ""
    assert found.turns[6].addressees == ("Booking Agent",)
    assert (found.ending.kind, found.ending.answer) == (EndingKind.COMPLETED, "Booked.")


def test_messages_one_a_line_are_one_run() -> None:
    lines = b'{"role": "user", "content": "hi"}\n\n{"role": "assistant", "content": "hello"}\n'
    assert acts(conversation(lines)) == [("user", "message"), ("assistant", "message")]


SHAREGPT = b'{"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]}'
RESPONSES = (
    b'[{"role": "user", "content": "hi"}, '
    b'{"type": "function_call", "name": "f", "arguments": "{}", "call_id": "1"},'
    b'{"type": "function_call_output", "call_id": "1", "output": "x"},'
    b'{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hello"}]}]'
)
ANTHROPIC = (
    b'{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [{"type": "text", "text":'
    b'"look"}, {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}]}, {"role": "user", "content":'
    b'[{"type": "tool_result", "tool_use_id": "1", "content": "x", "is_error": true}]},'
    b'{"role": "assistant", "content": "hello"}]}'
)


@pytest.mark.parametrize("log", [SHAREGPT, RESPONSES, ANTHROPIC], ids=["sharegpt", "openai responses", "anthropic"])
def test_other_vendors_messages_are_read_alike(log: bytes) -> None:
    found = conversation(log)
    assert (found.turns[0].speaker, found.turns[0].text) == ("user", "hi")
    assert (found.turns[-1].speaker, found.turns[-1].text) == ("assistant", "hello")
    results = [turn for turn in found.turns if turn.act is Act.TOOL_RESULT]
    assert all((turn.tool_name, turn.tool_call_id) == ("f", "1") for turn in results)


def test_langgraph_state_gives_agents_handoffs_and_tokens(samples: dict[str, bytes]) -> None:
    found = conversation(samples["langchain"])
    assert acts(found) == [
        ("user", "message"),
        ("supervisor", "handoff"),
        ("transfer_to_math", "tool_result"),
        ("math", "message"),
    ]
    handoff = found.turns[1]
    assert (handoff.addressees, handoff.model, handoff.input_tokens) == (("math",), "small-model", 11)
    assert found.turns[2].is_error
    assert (found.session_id, found.system) == ("thread-9", "LangGraph")


def test_inspect_reads_its_packed_log(samples: dict[str, bytes]) -> None:
    # Recorded by inspect-ai 0.3.285 with a scripted model: two samples, the second divides by nought.
    whole, zero = (found for found in everything(samples["inspect"]) if isinstance(found, ImportedRun))
    assert acts(whole.conversation) == [
        ("system", "message"),
        ("user", "message"),
        ("assistant", "tool_call"),
        ("divide", "tool_result"),
        ("assistant", "message"),
    ]
    call = whole.conversation.turns[2]
    assert (call.tool_arguments, call.input_tokens, call.output_tokens, call.model) == ('{"x":8,"y":4}', 20, 5, "s1")
    assert call.start_ns is not None
    assert (whole.conversation.is_success, zero.conversation.is_success) == (True, False)
    assert (whole.conversation.task, whole.conversation.task_id) == ("What is 8 divided by 4?", "whole")
    assert zero.conversation.turns[3].is_error
    assert zero.conversation.turns[3].text == "division by zero"
    assert [(label.name, label.label, label.source) for label in whole.labels] == [("includes", "C", "code")]


def test_otlp_spans_pass_as_they_are(samples: dict[str, bytes]) -> None:
    (found,) = everything(samples["otlp-json"])
    assert isinstance(found, ImportedSpans)
    assert [(span.trace_id, span.name) for span in found.spans] == [("a" * 32, "step 1"), ("a" * 32, "step 2")]
    assert found.spans[0].attributes["gen_ai.agent.name"] == "planner"


def test_a_transcript_knows_speakers_from_colons(samples: dict[str, bytes]) -> None:
    found = conversation(samples["transcript"])
    assert [(turn.speaker, turn.text) for turn in found.turns] == [
        ("User", "How do I reset it?\nIt shows a red light."),
        ("Helper", "Hold the button.\nSee also: the manual."),
        ("Helper", "Is it green now?"),
        ("User", "yes"),
    ]
    assert found.turns[2].start_ns == 1740823200000000000
    assert found.agents[0].kind == "human"


def test_a_transcript_of_lines_needs_no_name_twice_where_another_stands_twice() -> None:
    found = conversation(b"Ann: Shall we go?\nBob: Yes, at noon.\nAnn: Good.\n")
    assert [(turn.speaker, turn.text) for turn in found.turns] == [
        ("Ann", "Shall we go?"),
        ("Bob", "Yes, at noon."),
        ("Ann", "Good."),
    ]


def test_ag2_prints_are_read_back(samples: dict[str, bytes]) -> None:
    found = conversation(samples["ag2-console"])
    assert acts(found) == [
        ("user_proxy", "message"),
        ("assistant", "tool_call"),
        ("user_proxy", "tool_result"),
        ("assistant", "message"),
    ]
    assert found.turns[1].tool_arguments == "print(6 * 7)"
    assert found.ending.reason == "TERMINATE"
