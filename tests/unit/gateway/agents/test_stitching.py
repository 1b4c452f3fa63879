"""Calls that name no run are joined to the run that they go on with, and told apart by agent."""

import json

import pytest

from masthead.gateway.agents.identity import name_in
from masthead.gateway.agents.marks import IDLE_NS
from masthead.testing.agent_calls import Site, agent_of, assistant, calls, link_of, result, system, user

pytestmark = pytest.mark.unit

TRIAGE = system("You are the triage agent. Send people on.")
FLIGHTS = system("You are a flight agent who changes seats.")
ASK = user("Please change my seat to the front.")


async def test_a_history_that_goes_on_stays_in_its_run_and_another_task_begins_one():
    site = Site()
    first = await site.call([TRIAGE, ASK], assistant("Which flight do you mean?"))
    again = await site.call(
        [TRIAGE, ASK, assistant("Which flight do you mean?"), user("The one to Oslo.")], assistant("I see.")
    )
    other = await site.call([TRIAGE, user("Where is my suitcase?")], assistant("In Rome."))
    assert again.trace_id == first.trace_id
    assert other.trace_id != first.trace_id
    assert (link_of(first), link_of(again), link_of(other)) == ("new", "history", "new")


async def test_the_same_task_again_is_a_run_of_its_own():
    site = Site()
    runs = {(await site.call([TRIAGE, ASK], assistant("Which flight?"))).trace_id for _ in range(3)}
    assert len(runs) == 3


async def test_a_retry_after_a_failure_is_the_same_run():
    site = Site()
    failed = await site.call([TRIAGE, ASK], None)
    assert (await site.call([TRIAGE, ASK], assistant("Which flight?"))).trace_id == failed.trace_id


async def test_runs_with_the_same_words_at_the_same_time_are_gone_on_with_in_turn():
    site = Site()
    begun = [(await site.call([TRIAGE, ASK], assistant("Which flight?"))).trace_id for _ in range(3)]
    more = [TRIAGE, ASK, assistant("Which flight?"), user("Oslo")]
    on = [(await site.call(more, assistant("Done."))).trace_id for _ in range(3)]
    assert sorted(on) == sorted(begun)


async def test_a_handoff_keeps_the_run_and_changes_the_agent():
    site = Site()
    handoff = calls("call_1", "transfer_to_flights")
    first = await site.call([TRIAGE, ASK], handoff)
    second = await site.call([FLIGHTS, ASK, handoff, result("call_1", "ok")], assistant("You sit in 1A."))
    assert second.trace_id == first.trace_id
    assert (agent_of(first), agent_of(second)) == ("triage agent", "flights")


async def test_roles_seen_from_another_agent_are_the_same_history():
    site = Site()
    first = await site.call([system("You are the writer."), user("Write a line.")], assistant("Rain falls."))
    critic = [system("You are the critic."), assistant("Write a line."), user("Rain falls.")]
    assert (await site.call(critic, assistant("Too short."))).trace_id == first.trace_id


async def test_an_agent_that_is_told_what_another_answered_is_in_its_run():
    site = Site()
    said = "Apple has 164,000 employees and Meta has 74,000. Both figures are of 2023."
    first = await site.call([system("You are a researcher."), user("Headcounts?")], assistant(said))
    quoting = user(f"Add these up, and be brief:\n{said}\nThank you.")
    second = await site.call([system("You are a mathematician."), quoting], assistant("238,000"))
    assert (second.trace_id, link_of(second)) == (first.trace_id, "quote")


async def test_an_answer_that_repeats_its_question_does_not_draw_the_next_run_in():
    site = Site()
    question = "What is the combined headcount of Apple and Meta?"
    first = await site.call(
        [system("You are a researcher."), user(question)], assistant(f"You ask: {question} 238,000.")
    )
    again = await site.call([system("You are a researcher."), user(question)], assistant("238,000."))
    assert again.trace_id != first.trace_id


async def test_a_tools_result_finds_its_run_by_the_calls_id_when_the_history_was_cut():
    site = Site()
    first = await site.call([TRIAGE, ASK], calls("call_77", "look_up"))
    cut = [TRIAGE, user("(earlier messages were left out)"), calls("call_77", "look_up"), result("call_77", "found")]
    assert (await site.call(cut, assistant("Found."))).trace_id == first.trace_id


async def test_an_agent_that_works_on_anothers_tool_call_is_in_its_run():
    site = Site()
    host, joker = system("You host a show."), system("You write jokes.")
    runs = [
        (await site.call([host, user(f"A joke, number {n}")], calls(f"c{n}", "tell_joke", '{"topic":"cats"}'))).trace_id
        for n in range(2)
    ]
    asked = user("A joke about cats, please.")
    jokes = [await site.call([joker, asked], assistant("Miaow.")) for _ in range(2)]
    assert [link_of(joke) for joke in jokes] == ["delegation"] * 2
    assert sorted(joke.trace_id for joke in jokes) == sorted(runs)
    other = await site.call([joker, user("A joke about dogs, please.")], assistant("Woof."))
    assert link_of(other) == "new"


async def test_a_task_that_holds_a_word_of_what_an_expert_looks_up_begins_a_run_of_its_own():
    site = Site()
    task = user("What is the combined headcount of Apple and Meta?")
    chief, expert = system("You are a team supervisor."), system("You are a research expert.")
    handoff = calls("h1", "transfer_to_research")
    first = await site.call([chief, task], handoff)
    await site.call([expert, task, handoff, result("h1", "ok")], calls("s1", "web_search", '{"query":"headcount"}'))
    again = await site.call([chief, task], calls("h2", "transfer_to_research"))
    other = await site.call([chief, user("And the headcount of Intel?")], calls("h3", "transfer_to_research"))
    assert len({first.trace_id, again.trace_id, other.trace_id}) == 3


async def test_agents_that_begin_together_share_a_run_until_one_of_them_begins_again():
    site = Site()
    poem = user("Write a poem about rain")
    critic = await site.call([system("You are the critic."), poem], assistant("Drops."))
    writer = await site.call([system("You are the writer."), poem], assistant("Clouds."))
    later = await site.call([system("You are the critic."), poem], assistant("Wet."))
    assert writer.trace_id == critic.trace_id
    assert later.trace_id != critic.trace_id


async def test_a_run_that_the_caller_names_is_left_as_it_is():
    site = Site()
    named = await site.call([TRIAGE, ASK], assistant("Which flight?"), run="ab" * 16)
    assert (named.trace_id, link_of(named)) == ("ab" * 16, "said")


async def test_keys_do_not_see_each_others_runs():
    site = Site()
    handoff = calls("call_1", "transfer_to_flights")
    first = await site.call([TRIAGE, ASK], handoff, key="one")
    second = await site.call([FLIGHTS, ASK, handoff, result("call_1", "ok")], assistant("1A."), key="two")
    assert second.trace_id != first.trace_id


async def test_an_hour_of_silence_ends_a_run():
    site = Site()
    first = await site.call([TRIAGE, ASK], assistant("Which flight?"))
    site.clock.advance(IDLE_NS / 1e9)
    await site.call([TRIAGE, user("Something else entirely")], assistant("Yes?"))
    later = await site.call([TRIAGE, ASK, assistant("Which flight?"), user("Oslo")], assistant("Done."))
    assert later.trace_id != first.trace_id


async def test_a_prompt_that_carries_the_date_or_findings_is_still_the_same_agent():
    site = Site()
    prompt = "You are the archivist. You keep the papers of the house in order and lend them out. "
    first = await site.call([system(prompt + "Today is 2026-11-01."), ASK], calls("c1", "find"))
    more = [ASK, calls("c1", "find"), result("c1", "found")]
    dated = await site.call([system(prompt + "Today is 2026-12-24."), *more], calls("c2", "find"))
    more += [calls("c2", "find"), result("c2", "found")]
    extended = await site.call([system(prompt + "Today is 2026-12-25. Hurry"), *more], assistant("There."))
    assert {first.trace_id, dated.trace_id, extended.trace_id} == {first.trace_id}
    assert {agent_of(first), agent_of(dated), agent_of(extended)} == {"archivist"}


async def test_the_names_that_a_framework_writes_beside_messages_become_the_agents_names():
    site = Site()
    chief = system("You are a team supervisor.")
    first = await site.call([chief, ASK], assistant("Let us look."))
    named = {**assistant("Let us look."), "name": "supervisor"}
    second = await site.call([chief, ASK, named, user("And?")], assistant("Done."))
    assert (agent_of(first), agent_of(second)) == ("team supervisor", "supervisor")
    assert first.attributes["gen_ai.agent.id"] == second.attributes["gen_ai.agent.id"]


async def test_a_header_or_metadata_names_the_agent():
    site = Site()
    by_header = await site.call([TRIAGE, ASK], assistant("?"), headers={b"x-masthead-agent": b"Anna"})
    by_metadata = await site.call([TRIAGE, ASK], assistant("?"), metadata={"agent": "Berta"})
    by_user = await site.call([ASK], assistant("?"), user="carla")
    assert [agent_of(one) for one in (by_header, by_metadata, by_user)] == ["Anna", "Berta", "carla"]


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("You are the triage agent.", "triage agent"),
        ("You are a world class researcher with access to web search.", "world class researcher"),
        (
            "# System context\nYou are part of a multi-agent system.\nYou are a seat booking agent.",
            "seat booking agent",
        ),
        ("Your name is Bob, and you like it.", "Bob"),
        ("Answer in JSON only.\nBe brief.", "Answer in JSON only"),
        ("You write jokes.", "write jokes"),
        ("", "assistant"),
    ],
)
def test_the_name_in_a_prompt(prompt: str, name: str):
    assert name_in(prompt) == name


async def test_the_dialects_of_responses_and_messages_are_stitched_too():
    site = Site()
    first = await site.make(
        "/v1/responses",
        json.dumps({"model": "m", "instructions": "You are the triage agent.", "input": "My seat, please."}).encode(),
        {"id": "resp_1", "output": [{"type": "function_call", "call_id": "f1", "name": "go", "arguments": "{}"}]},
    )
    by_id = await site.make(
        "/v1/responses",
        json.dumps({
            "model": "m",
            "previous_response_id": "resp_1",
            "input": [{"type": "function_call_output", "call_id": "f1", "output": "gone"}],
        }).encode(),
        {"id": "resp_2", "output": [{"type": "message", "role": "assistant", "content": [
            {"type": "output_text", "text": "Done."}]}]},
    )  # fmt: skip
    assert (by_id.trace_id, link_of(by_id)) == (first.trace_id, "reply")
    use = {"type": "tool_use", "id": "tu_1", "name": "look", "input": {"at": "it"}}
    asked = [{"role": "user", "content": "Look at it."}]
    head = {"model": "m", "system": [{"type": "text", "text": "You are the lookout."}], "max_tokens": 9}
    one = await site.make(
        "/v1/messages", json.dumps({**head, "messages": asked}).encode(), {"id": "msg_1", "content": [use]}
    )
    told = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "tu_1", "content": "seen"}]}
    two = await site.make(
        "/v1/messages",
        json.dumps({**head, "messages": [*asked, {"role": "assistant", "content": [use]}, told]}).encode(),
        {"id": "msg_2", "content": [{"type": "text", "text": "I saw it."}]},
    )
    assert (two.trace_id, link_of(two), agent_of(two)) == (one.trace_id, "history", "lookout")


@pytest.mark.parametrize("messages", ["nonsense", [1, None, []], [{"role": "user"}], {"a": 1}, None, [{}], []])
async def test_messages_that_are_none_join_nothing_and_break_nothing(messages: object):
    site = Site()
    exchange = await site.make("/v1/chat/completions", json.dumps({"model": "m", "messages": messages}).encode(), {})
    assert exchange.status == 200


async def test_what_is_kept_is_bounded():
    site = Site()
    for number in range(300):
        await site.call([user(f"Task {number}")], assistant(f"Answer {number} of a length that can be quoted, yes"))
    history = [TRIAGE, ASK]
    for number in range(300):
        history = [*history, calls(f"c{number}", "look", f'{{"n":{number}}}'), result(f"c{number}", f"seen {number}")]
        await site.call(history, assistant(f"Step {number} is done as was asked for"))
    known = site.guards.runs[-1].known
    assert known is not None
    assert all(len(marks) <= 256 for marks in known.marks.values())
    assert len(known.recent) <= 64
    assert len(known.pending) == 0
