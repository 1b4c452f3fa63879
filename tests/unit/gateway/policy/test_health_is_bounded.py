"""Callers who name models without end fill no memory."""

import pytest
from msgspec.structs import replace

from masthead.clock import FixedClock
from masthead.gateway.call import Attempt, Connection, Target
from masthead.gateway.config_routes import BreakerConfig
from masthead.gateway.policy.health import Fleet
from masthead.gateway.reading import MOST_MODEL_CHARACTERS, call_of
from masthead.model.errors import InvalidInput
from masthead.providers.dialects import Dialect
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit
UP = Connection("up", "openai", (Dialect.OPENAI_CHAT,), "http://x/v1", None)


def test_the_health_of_targets_is_kept_of_so_many_and_of_those_set_aside_first() -> None:
    fleet = Fleet(FixedClock(), BreakerConfig(failures=1))
    bad = Attempt(target=Target(UP, "bad"), start_ns=1, end_ns=2, failure="broken")
    fleet.note(bad)
    for number in range(6000):
        fleet.note(replace(bad, target=Target(UP, f"m{number}"), failure=None, status=200))
    assert len(fleet.all()) <= 4097
    assert not fleet.may_try(bad.target)


def test_a_models_name_has_an_end() -> None:
    call = exchange_of({"model": "m"}).call
    body = b'{"model":"' + b"m" * (MOST_MODEL_CHARACTERS + 1) + b'"}'
    with pytest.raises(InvalidInput, match="over 512"):
        call_of(call.endpoint, call.identity, {"headers": []}, body)
