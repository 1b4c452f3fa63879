"""Which agent calls: named by a header or the call's metadata, else known by its system prompt.

A system prompt that carries the date or what was looked up differs from call to call: numbers are left out of its
identity, and one that is nine tenths alike to a known one is the same agent's.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, cast

from rapidfuzz.fuzz import ratio

from masthead.gateway.agents.heard import digest
from masthead.gateway.agents.said import Heard, Identified
from masthead.gateway.call import Call
from masthead.gateway.joining import told_agent

ALIKE_PERCENT: Final = 90.0
KEPT_INSTRUCTIONS: Final = 2000
"""Characters of a system prompt that are kept and compared."""

_NUMBERS: Final = re.compile(r"\d+")
_NAMED: Final = re.compile(
    r"(?:you are|you're|you act as|act as|your name is|your role is|role:|name:)\s+"
    r"(?:now\s+)?(?:an?\s+|the\s+|called\s+|named\s+)?(?P<name>[^\s.,;:!?\n(][^.,;:!?\n(]{0,79})",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(
    r"\s+(?:who|that|which|whose|and|managing|responsible|tasked|designed|specializ\w+|specialis\w+|working|helping|"
    r"in charge|with|for|from|of|on|in|at|to|\W)\s.*$",
    re.IGNORECASE | re.DOTALL,
)
_GENERIC: Final = re.compile(r"^(?:part|member|given|going|able|also|not|a participant|in)\b", re.IGNORECASE)


def identified(call: Call, heard: Heard) -> Identified:
    """Return who calls. Without a name and a system prompt, the tools on offer tell agents apart."""
    instructions = heard.instructions.strip()
    kept = instructions[:KEPT_INSTRUCTIONS]
    named = told_agent(call)
    if named is not None:
        return Identified(f"name:{named}", named, kept, told=True)
    if instructions:
        return Identified(_prompt_key(instructions), name_in(instructions), kept, told=False)
    user = call.member("user") if "user" in call.members else None
    if isinstance(user, str) and user:
        return Identified(f"user:{user[:200]}", user[:80], "", told=False)
    offered = ",".join(sorted(_tool_names(call))) if "tools" in call.members else ""
    return Identified(_tools_key(offered), "assistant", "", told=False)


def is_alike(first: str, second: str) -> bool:
    """Say whether two system prompts are the same agent's, written at different times."""
    shorter, longer = sorted((len(first), len(second)))
    if shorter < 40 or longer > shorter * 1.25:
        return False
    return ratio(first, second, score_cutoff=ALIKE_PERCENT) > 0


@lru_cache(maxsize=1024)
def _prompt_key(instructions: str) -> str:
    plain = " ".join(_NUMBERS.sub("#", instructions).split())
    return f"prompt:{digest(plain):016x}"


@lru_cache(maxsize=1024)
def name_in(instructions: str) -> str:
    """Return the name that a system prompt gives its agent, else its first line."""
    for match in _NAMED.finditer(instructions[:KEPT_INSTRUCTIONS]):
        name = _CLAUSE.sub("", match["name"]).strip(" \t\"'*_`#")
        if name and not _GENERIC.match(name):
            return name[:60]
    first = next((line.strip() for line in instructions.splitlines() if line.strip()), "assistant")
    return first.removeprefix("You ").strip("#*-_. \"'`")[:60] or "assistant"


@lru_cache(maxsize=1024)
def _tools_key(tools: str) -> str:
    return f"tools:{digest(tools):016x}"


def _tool_names(call: Call) -> list[str]:
    tools = call.member("tools")
    found: list[str] = []
    for tool in cast("list[object]", tools) if isinstance(tools, list) else []:
        if not isinstance(tool, dict):
            continue
        body = cast("Mapping[str, object]", tool)
        inner = body.get("function")
        name = cast("Mapping[str, object]", inner).get("name") if isinstance(inner, dict) else body.get("name")
        if isinstance(name, str):
            found.append(name)
    return found
