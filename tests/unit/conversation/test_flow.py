"""The graph of who passed what to whom."""

from decimal import Decimal

import pytest

from masthead.conversation import flow_of
from masthead.model.conversation import Act, Agent, Conversation, Turn
from masthead.model.ids import AgentId, RunId

pytestmark = pytest.mark.unit

USER, A, B = AgentId("user"), AgentId("a"), AgentId("b")


def _conversation(*turns: Turn) -> Conversation:
    agents = (Agent(id=USER, name="User", kind="human"), Agent(id=A, name="A"), Agent(id=B, name="B"))
    return Conversation(run_id=RunId("0" * 32), turns=turns, agents=agents)


def test_edges_follow_addressees_and_count_handoffs():
    flow = flow_of(
        _conversation(
            Turn(index=0, speaker=USER, addressees=(A,), text="go"),
            Turn(index=1, speaker=A, addressees=(B,), act=Act.HANDOFF),
            Turn(index=2, speaker=B, addressees=(A,), text="done"),
            Turn(index=3, speaker=A, addressees=(B,), text="thanks"),
        )
    )
    assert [(edge.source, edge.target, edge.turns, edge.handoffs) for edge in flow.edges] == [
        (USER, A, (0,), 0),
        (A, B, (1, 3), 1),
        (B, A, (2,), 0),
    ]


def test_turn_without_addressee_goes_to_the_next_speaker():
    flow = flow_of(
        _conversation(
            Turn(index=0, speaker=A, text="1"),
            Turn(index=1, speaker=A, text="2"),
            Turn(index=2, speaker=B, text="3"),
            Turn(index=3, speaker=A, text="4"),
        )
    )
    assert [(edge.source, edge.target, edge.turns) for edge in flow.edges] == [(A, B, (0, 1)), (B, A, (2,))]


def test_node_sums_what_is_known_and_leaves_the_rest_unknown():
    flow = flow_of(
        _conversation(
            Turn(index=0, speaker=A, act=Act.TOOL_CALL, input_tokens=3, output_tokens=1, cost_usd=Decimal("0.1")),
            Turn(index=1, speaker=A, input_tokens=4, is_error=True, cost_usd=Decimal("0.2")),
            Turn(index=2, speaker=B),
        )
    )
    nodes = {node.agent.id: node for node in flow.nodes}
    assert (nodes[A].turns, nodes[A].tool_calls, nodes[A].errors) == (2, 1, 1)
    assert (nodes[A].input_tokens, nodes[A].output_tokens, nodes[A].cost_usd) == (7, 1, Decimal("0.3"))
    assert (nodes[B].input_tokens, nodes[B].cost_usd) == (None, None)
    assert nodes[USER].turns == 0


def test_speakers_outside_the_roster_are_still_shown():
    flow = flow_of(Conversation(run_id=RunId("0" * 32), turns=(Turn(index=0, speaker=A, addressees=(B,)),)))
    assert [node.agent.name for node in flow.nodes] == ["a", "b"]
