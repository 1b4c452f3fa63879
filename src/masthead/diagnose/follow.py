"""Follow a failure from a turn that somebody names, in place of the likeliest guess."""

from typing import NamedTuple

from masthead.diagnose.case import prepare
from masthead.diagnose.cost import cost_of_failure
from masthead.diagnose.provenance import trace
from masthead.diagnose.spread import spread_of
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import FailureCost, Spread
from masthead.model.errors import InvalidInput


class Followed(NamedTuple):
    """How what began at a turn spread, and what came after it."""

    spread: Spread
    cost: FailureCost


def followed_from(conversation: Conversation, turn: int) -> Followed:
    """Return the spread and the cost of what began at `turn`; no language model is called.

    Raises:
        InvalidInput: the run has no such turn.
    """
    if turn >= len(conversation.turns):
        raise InvalidInput(f"there is no turn {turn}; the run has {len(conversation.turns)}", where="turn")
    case = prepare(conversation)
    return Followed(spread_of(case, trace(case), turn), cost_of_failure(conversation, turn))
