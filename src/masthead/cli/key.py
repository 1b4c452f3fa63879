"""`masthead key`: the API keys of a project."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from masthead.cli.client import call, connect
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.model import naming
from masthead.model.errors import InvalidInput, NotFound
from masthead.model.tenancy import Role

_SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WINDOWS: Final = ("minute", "hour", "day", "month", "total")
KeyId = Annotated[str, typer.Argument(help="The key's id, as `masthead key list` shows it.")]

key = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Make, list, change and revoke API keys.")


@key.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", "-n", help="What people call the key.")],
    role: Annotated[Role, typer.Option(help="What the key may do; each role includes those after it.")] = Role.EDITOR,
    expires: Annotated[str | None, typer.Option(help="How long it works: `30d`, `12h`, `15m`; else for ever.")] = None,
    expires_in_days: Annotated[int | None, typer.Option(min=1, help="The same in days.", hidden=True)] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model or route that it may name; `*` for anything; may be repeated.")
    ] = None,
    budget_usd: Annotated[list[str] | None, typer.Option(help="What it may spend: `5/day`, `100/month`.")] = None,
    requests: Annotated[list[str] | None, typer.Option(help="How many calls it may make: `60/minute`.")] = None,
    tokens: Annotated[list[str] | None, typer.Option(help="How many tokens it may use: `1000000/day`.")] = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print its secret, which is shown this once and stored only as a hash.

    For example:

        masthead key create --name me --role owner

        masthead key create --name ci --project shop --expires 90d

        masthead key create --name bot --model gpt-4o-mini --budget-usd 5/day --requests 60/minute --expires 30d

        export MASTHEAD_KEY=$(masthead key create --name ci --json | jq -r .secret)
    """
    body: dict[str, Any] = {"name": name, "role": role.value, "expires_in_days": expires_in_days}
    if expires is not None:
        body["expires_in_s"] = lifetime_s(expires)
    body["models"] = model or []
    body["limits"] = limits_of({"cost_usd": budget_usd, "requests": requests, "tokens": tokens})
    with connect(settings_of(context), project) as client:
        made = call(client, "POST", "/api/v1/keys", json=body)
    if as_json:
        print_json(made)
        return
    out = console()
    out.print(made["secret"], style="bold", markup=False)
    out.print(
        f"Key {made['key']['id']}, {made['key']['role']} of project {made['key']['project_id']}."
        " This is the only time that its secret is shown.\n"
        "Send it as 'Authorization: Bearer KEY'.",
        style="dim",
        markup=False,
    )


@key.command("list")
def list_keys(context: typer.Context, project: Project = None, as_json: AsJson = False) -> None:
    """List a project's keys, the latest first, revoked ones too.

    For example:

        masthead key list --json | jq -r '.[] | select(.revoked == null) | .id'
    """
    with connect(settings_of(context), project) as client:
        found: list[dict[str, Any]] = call(client, "GET", "/api/v1/keys")["items"]
    if as_json:
        print_json(found)
        return
    if not found:
        console().print("No keys yet: masthead key create --name NAME")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in (
        "KEY",
        "NAME",
        "ROLE",
        "MODELS",
        "LIMITS",
        "STARTS WITH",
        "CREATED",
        "EXPIRES",
        "LAST USED",
        "REVOKED",
    ):
        table.add_column(column, no_wrap=column not in {"NAME", "MODELS", "LIMITS"})
    for entry in found:
        times = [
            (entry[field] or "–")[:16].replace("T", " ") for field in ("created", "expires", "last_used", "revoked")
        ]
        style = "dim" if entry["revoked"] else None
        models = ", ".join(entry["models"]) or "any"
        limits = ", ".join(map(_words, entry["limits"])) or "–"
        shown = (entry["id"], entry["name"], entry["role"], models, limits, entry["prefix"] + "…", *times)
        table.add_row(*shown, style=style)
    console().print(table)


@key.command()
def change(
    context: typer.Context,
    key_id: KeyId,
    model: Annotated[
        list[str] | None, typer.Option(help="The models and routes that it may name from now on; `*` for all.")
    ] = None,
    budget_usd: Annotated[list[str] | None, typer.Option(help="What it may spend: `10/day`; `none` for any.")] = None,
    requests: Annotated[list[str] | None, typer.Option(help="How many calls: `60/minute`; `none` for any.")] = None,
    tokens: Annotated[list[str] | None, typer.Option(help="How many tokens: `1000000/day`; `none` for any.")] = None,
    expires: Annotated[str | None, typer.Option(help="How long it works from now on: `30d`; `never`.")] = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Change what a key may use, and how long it works. Its secret stays, and so does what it has used so far.

    What is given stands in place of what the key had of its kind; the rest stays. For example:

        masthead key change 0f3c5a1b2d4e6f70 --budget-usd 20/day

        masthead key change 0f3c5a1b2d4e6f70 --model '*' --requests none --expires never
    """
    naming.KEY.checked(key_id)
    wanted = {"cost_usd": budget_usd, "requests": requests, "tokens": tokens}
    body: dict[str, Any] = {}
    if model is not None:
        body["models"] = [] if model == ["*"] else model
    if expires is not None:
        body["expires_in_s"] = None if expires == "never" else lifetime_s(expires)
    with connect(settings_of(context), project) as client:
        if any(given is not None for given in wanted.values()):
            body["limits"] = _limits_with(_named(call(client, "GET", "/api/v1/keys")["items"], key_id), wanted)
        if not body:
            raise InvalidInput("nothing to change: give --budget-usd, --requests, --tokens, --model or --expires")
        changed = call(client, "PATCH", f"/api/v1/keys/{key_id}", json=body)
    if as_json:
        print_json(changed)
        return
    until = "for ever" if changed["expires"] is None else f"until {changed['expires'][:16].replace('T', ' ')} UTC"
    limits = ", ".join(map(_words, changed["limits"])) or "no limits of its own"
    console().print(
        f"Key {changed['id']} ({changed['name']}): {', '.join(changed['models']) or 'any model'}; {limits}; {until}.",
        markup=False,
    )


@key.command()
def revoke(
    context: typer.Context,
    key_id: KeyId,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a key at once, and log out the browsers that used it.

    Ends with exit code 3 where the project has no such key. For example:

        masthead key revoke 0f3c5a1b2d4e6f70
    """
    naming.KEY.checked(key_id)
    with connect(settings_of(context), project) as client:
        revoked = call(client, "DELETE", f"/api/v1/keys/{key_id}")
    if as_json:
        print_json(revoked)
    else:
        console().print(f"Revoked key {revoked['id']} ({revoked['name']}).", markup=False)


def lifetime_s(given: str) -> int:
    """Read how long a key works.

    Raises:
        InvalidInput: it is no whole number with d, h, m or s.
    """
    number, unit = given[:-1], given[-1:]
    if not (number.isascii() and number.isdigit()) or unit not in _SECONDS or int(number) == 0:
        raise InvalidInput(f"{given!r} is no time: write 30d, 12h, 15m or 90s", where="--expires")
    return int(number) * _SECONDS[unit]


def limits_of(given: Mapping[str, Sequence[str] | None]) -> list[dict[str, Any]]:
    """Read limits as the API takes them: what is limited, and amounts such as `5/day`.

    Raises:
        InvalidInput: one is no amount a window.
    """
    windows: dict[str, dict[str, Any]] = {}
    for what, amounts in given.items():
        for one in amounts or ():
            amount, _, window = one.partition("/")
            limit = windows.setdefault(window, {"window": window})
            if window not in _WINDOWS or what in limit:
                message = (
                    f"{one!r} is no limit, or the second one of its kind: write 5/day; windows: {', '.join(_WINDOWS)}"
                )
                raise InvalidInput(message, where=_OPTIONS[what])
            limit[what] = _amount(amount, what)
    return list(windows.values())


def _named(found: Sequence[dict[str, Any]], key_id: str) -> dict[str, Any]:
    for entry in found:
        if entry["id"] == key_id:
            return entry
    raise NotFound(f"no key {key_id!r} in this project; masthead key list names them")


def _limits_with(entry: dict[str, Any], wanted: Mapping[str, Sequence[str] | None]) -> list[dict[str, Any]]:
    """Return a key's limits with those of the kinds that are wanted in place of what it had of them."""
    amounts: dict[str, list[str]] = {
        what: [f"{limit[what]}/{limit['window']}" for limit in entry["limits"] if limit[what] is not None]
        for what in wanted
    }
    for what, given in wanted.items():
        if given is not None:
            amounts[what] = [] if list(given) == ["none"] else list(given)
    return limits_of(amounts)


_OPTIONS: Final = {"cost_usd": "--budget-usd", "requests": "--requests", "tokens": "--tokens"}


def _amount(given: str, what: str) -> str | int:
    try:
        amount = Decimal(given)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0 or (what != "cost_usd" and amount != int(amount)):
        raise InvalidInput(f"{given!r} is no amount above zero", where=_OPTIONS[what])
    return f"{amount:f}" if what == "cost_usd" else int(amount)


def _words(limit: dict[str, Any]) -> str:
    amounts = ("$" + limit["cost_usd"] if limit["cost_usd"] else None, limit["requests"], limit["tokens"])
    named = zip(amounts, ("", " requests", " tokens"), strict=True)
    return " and ".join(f"{amount}{what}" for amount, what in named if amount is not None) + _within(limit)


def _within(limit: dict[str, Any]) -> str:
    return " in all" if limit["window"] == "total" else f" a {limit['window']}"
