"""What guards say: to the client that is refused, and to the model that is corrected."""

from typing import Final, cast

import msgspec

from masthead.codebook.load import mast
from masthead.gateway.agents.live_run import Fired, LiveRun
from masthead.gateway.call import Call, Header
from masthead.gateway.seams import Refused
from masthead.model.errors import NotFound
from masthead.model.ids import Code
from masthead.model.money import dollars

_NO_RETRY: Final[tuple[Header, ...]] = ((b"x-should-retry", b"false"),)
"""The SDKs of OpenAI and Anthropic try again unless told so."""
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def shown(fired: Fired) -> str:
    """Return a finding in a line: code, name, what was seen, by which detector."""
    return f"{fired.code} {_name(fired.code)}: {fired.reason} ({fired.detector})"


def refused_run(run: LiveRun, fired: Fired | None = None) -> Refused:
    """Return the refusal of a run that a guard has stopped."""
    why = shown(fired) if fired is not None else (run.known and run.known.stopped) or "a guard stopped it"
    evidence = "".join(f"\n- {line}" for line in fired.evidence) if fired is not None else ""
    message = (
        f"Masthead stopped the run {run.run_id} after {run.calls} calls{_cost(run)}: {why}.{evidence}\n"
        "Begin a new run, or set `guards.on_finding` of this route to warn or record."
    )
    return Refused(message, status=422, kind="run_stopped", headers=_NO_RETRY)


def refused_over_budget(run: LiveRun, over: str) -> Refused:
    """Return the refusal of a run that has used up a budget. There is no waiting for more."""
    message = (
        f"the budget of the run {run.run_id} is used up: {over}{_cost(run)}. It does not fill up again: begin a new "
        "run, or raise `guards.run` of this route"
    )
    return Refused(message, status=429, kind="run_budget_exceeded", headers=_NO_RETRY)


def corrected(fired: Fired) -> str:
    """Return the note to a model that repeats itself."""
    return (
        f"[Note from the system that runs you, not from the user] Seen: {fired.reason}. Doing the same again will give "
        "the same. Do something else: change the arguments, use another tool, or say plainly what keeps you from going "
        "on and end."
    )


def with_note(call: Call, note: str) -> Call:
    """Return the call with a note to the model as its last message."""
    said = {"role": "user", "content": note}
    if call.endpoint.name == "responses":
        given = call.member("input")
        if isinstance(given, str):
            return call.replacing(input=[{"role": "user", "content": given}, said])
        return call.replacing(input=[*_items(call, "input"), said])
    return call.replacing(messages=[*_items(call, "messages"), said])


def _items(call: Call, name: str) -> list[object]:
    raw = call.members.get(name)
    return cast("list[object]", _ITEMS.decode(raw)) if raw is not None else []


def _name(code: str) -> str:
    try:
        return mast().code(Code(code)).name
    except NotFound:
        return ""


def _cost(run: LiveRun) -> str:
    if not run.cost_usd:
        return ""
    unknown = f" and {run.unpriced} calls of unknown price" if run.unpriced else ""
    return f" and {dollars(run.cost_usd)}{unknown}"
