"""`masthead show`: one run as a readable conversation between agents."""

from collections.abc import Iterator
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from masthead.cli.client import call, connect
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.cli.runs import OUTCOME_STYLES, duration, money, tokens
from masthead.model import naming
from masthead.model.errors import InvalidInput, NotFound

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta", "bright_green")
_WINDOW = 500
_FOLDED_LINES = 14


def show(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="A run's id, its first characters, or `last`.")] = "last",
    turns: Annotated[str | None, typer.Option(help="Which turns, as `10:20`, `10:` or `:20`.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Print long texts whole.")] = False,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Read one run as a conversation: agents in colour, handoffs marked, tool calls beside their results.

    For example:

        masthead show last

        masthead show 3fa9c1 --turns 10:30 --full

        masthead show 3fa9c1 --json | jq '.turns[] | select(.is_error)'
    """
    first, last = _range(turns)
    with connect(settings_of(context), project) as client:
        row = resolve(client, run)
        windows = _windows(client, row["run_id"], first, last)
        if as_json:
            whole = next(windows)
            for window in windows:
                whole["turns"] += window["turns"]
            print_json(whole)
            return
        out = console()
        for position, window in enumerate(windows):
            if position == 0:
                _print_head(out, row, window)
            _print_turns(out, window, is_full=full)
        _print_ending(out, window)  # pyright: ignore[reportPossiblyUnboundVariable] - there is always a first window


def resolve(client: httpx.Client, run: str) -> dict[str, Any]:
    """Return the run that an id, its first characters or `last` names.

    Raises:
        InvalidInput: it is no id, nor the beginning of one.
        NotFound: no run, or more than one, is meant.
    """
    params: dict[str, Any] = {"limit": 2}
    if run != "last":
        params["run_id_prefix"] = naming.RUN.checked(run.lower())
    found: list[dict[str, Any]] = call(client, "GET", "/api/v1/runs", params=params)["items"]
    if not found:
        raise NotFound(f"no run {run!r} in this project; `masthead runs` lists them")
    if run != "last" and len(found) > 1:
        raise NotFound(f"{run!r} begins the ids of more than one run; give more of its characters")
    return found[0]


def _range(turns: str | None) -> tuple[int, int | None]:
    if turns is None:
        return 0, None
    first, _, last = turns.partition(":")
    try:
        return int(first or 0), int(last) if last else None
    except ValueError:
        raise InvalidInput(f"{turns!r} is no range of turns; write it as 10:20", where="--turns") from None


def _windows(client: httpx.Client, run_id: str, first: int, last: int | None) -> Iterator[dict[str, Any]]:
    while True:
        limit = _WINDOW if last is None else max(0, min(_WINDOW, last - first))
        window = call(client, "GET", f"/api/v1/runs/{run_id}/conversation", params={"from": first, "limit": limit})
        yield window
        first += len(window["turns"])
        if not window["turns"] or first >= window["turns_total"] or (last is not None and first >= last):
            return


def _print_head(out: Console, row: dict[str, Any], window: dict[str, Any]) -> None:
    title = Text.assemble(("● ", OUTCOME_STYLES.get(row["outcome"], "dim")), (window["system"] or row["name"], "bold"))
    title.append(f"   {row['run_id']}", style="dim")
    out.print(title)
    facts = [row["outcome"] or "outcome unknown", f"{window['turns_total']:,} turns", f"{len(window['agents'])} agents",
             duration(row), f"{tokens(row['input_tokens'], row['output_tokens'])} tokens", money(row["cost_usd"]),
             row["start"][:19].replace("T", " ") + " UTC"]  # fmt: skip
    out.print(Text("  " + "  ·  ".join(facts), style="dim"))
    if window["task"]:
        out.print(Padding(Text(_folded(window["task"], is_full=False)), (1, 2)))


def _print_turns(out: Console, window: dict[str, Any], *, is_full: bool) -> None:
    agents = {agent["id"]: agent for agent in window["agents"]}
    colours = {agent: _COLOURS[place % len(_COLOURS)] for place, agent in enumerate(agents)}
    for turn in window["turns"]:
        speaker = _name(agents, turn["speaker"])
        receivers = ", ".join(_name(agents, receiver) for receiver in turn["addressees"])
        if turn["act"] == "handoff":
            out.print(
                Rule(f"[{turn['index']}] handoff: {speaker} → {receivers or '?'}", style="bold yellow", align="left")
            )
        else:
            head = Text.assemble(
                (f"[{turn['index']}] ", "dim"), (speaker, f"bold {colours.get(turn['speaker'], 'white')}")
            )
            if receivers:
                head.append(f" → {receivers}", style="dim")
            head.append(_act(turn), style="dim")
            if turn["is_error"]:
                head.append("  ERROR", style="bold red")
            out.print(head)
        body = _body(turn)
        if body:
            style = "red" if turn["is_error"] else "dim" if turn["act"] == "tool_result" else ""
            out.print(Padding(Text(_folded(body, is_full=is_full), style=style), (0, 0, 0, 4)))


def _act(turn: dict[str, Any]) -> str:
    if turn["act"] == "tool_call":
        return f"  calls {turn['tool_name'] or 'a tool'}"
    if turn["act"] == "tool_result":
        return f"  result of {turn['tool_name']}" if turn["tool_name"] else "  result"
    return "" if turn["act"] in {"message", "handoff"} else f"  {turn['act']}"


def _body(turn: dict[str, Any]) -> str:
    parts = [turn["text"], turn["tool_arguments"] if turn["act"] == "tool_call" else None]
    if turn["reasoning"]:
        parts.insert(0, f"(thinks) {turn['reasoning']}")
    return "\n".join(part.strip() for part in parts if part and part.strip())


def _folded(text: str, *, is_full: bool) -> str:
    lines = text.strip().splitlines()
    if is_full or len(lines) <= _FOLDED_LINES:
        return "\n".join(lines)
    return "\n".join(lines[: _FOLDED_LINES - 2]) + f"\n… {len(lines) - _FOLDED_LINES + 2} more lines (--full)"


def _print_ending(out: Console, window: dict[str, Any]) -> None:
    ending = window["ending"]
    out.print(Rule(f"ended: {ending['kind']}" + (f" ({ending['reason']})" if ending["reason"] else ""), style="dim"))
    if ending["answer"]:
        out.print(Padding(Text.assemble(("answer  ", "dim"), _folded(ending["answer"], is_full=False)), (0, 2)))


def _name(agents: dict[str, dict[str, Any]], agent_id: str) -> str:
    agent = agents.get(agent_id)
    return agent["name"] if agent else agent_id
