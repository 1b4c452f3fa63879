"""A search of the web that the vendor does while its model answers: how each dialect asks for one."""

from typing import Any, Final

from masthead.providers.dialects.dialect import Losses, refused
from masthead.providers.dialects.fields import Fields
from masthead.providers.dialects.form import Request, Search

OPENAI: Final = frozenset(
    {"web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11"}
)
OF_ANTHROPIC: Final = "web_search_20"
"""What the types of all of Anthropic's searches begin with."""
_ANTHROPICS: Final = {"type": "web_search_20250305", "name": "web_search"}
"""The one that all of Claude's models with a search have."""
_ELSEWHERE: Final = "only this vendor has it, dropped"
_PLACE: Final = ("city", "country", "region", "timezone")


def read_of_responses(tool: Fields) -> Search | None:
    """Return the search that is asked for; None where it may not reach the web itself, which no other vendor offers."""
    if tool.flag("external_web_access") is False:
        tool.losses.add(tool.path, "no other vendor searches without reaching the web: the search was left out")
        return None
    filters = tool.inner("filters") or Fields({}, tool.at("filters"), tool.losses)
    filters.refuse("OpenAI's search has no such filter", "blocked_domains")
    tool.drop(_ELSEWHERE, "search_context_size", "search_content_types", "return_token_budget")
    search = Search(
        allowed_domains=filters.texts("allowed_domains"),
        location=_location(tool.inner("user_location")),
        at=tool.path,
    )
    filters.finish()
    tool.finish()
    return search


def read_of_chat(options: Fields | None) -> Search | None:
    """Return the search that is asked for by `web_search_options`."""
    if options is None:
        return None
    around = options.inner("user_location")
    location = None
    if around is not None:
        location = _location(around.inner("approximate"))
        around.ignore("type")
        around.finish()
    options.drop(_ELSEWHERE, "search_context_size")
    options.finish()
    return Search(location=location, at=options.path)


def read_of_anthropic(tool: Fields) -> Search:
    """Return the search that is asked for."""
    tool.ignore("name")
    tool.drop(_ELSEWHERE, "cache_control", "response_inclusion", "strict", "allowed_callers", "defer_loading")
    search = Search(
        allowed_domains=tool.texts("allowed_domains"),
        blocked_domains=tool.texts("blocked_domains"),
        location=_location(tool.inner("user_location")),
        most=tool.integer("max_uses"),
        at=tool.path,
    )
    tool.finish()
    return search


def _location(place: Fields | None) -> dict[str, str] | None:
    if place is None:
        return None
    place.ignore("type")
    told = {name: value for name in _PLACE if (value := place.text(name)) is not None}
    place.finish()
    return told


def allowed_search(request: Request) -> Search | None:
    """Return the search where it may be done, for targets that can only leave it out."""
    choice = request.tool_choice
    return None if choice is not None and (choice.mode == "none" or choice.names) else request.search


def for_responses(search: Search, losses: Losses) -> dict[str, Any]:
    """Return the tool as responses know it.

    Raises:
        InvalidInput: places may not be searched, which cannot be said here.
    """
    if search.blocked_domains:
        raise refused(f"{search.at}.blocked_domains", "this target's search cannot be kept from places")
    if search.most is not None:
        losses.add(f"{search.at}.max_uses", "this target's search has no such limit, dropped")
    tool: dict[str, Any] = {"type": "web_search"}
    if search.allowed_domains:
        tool["filters"] = {"allowed_domains": list(search.allowed_domains)}
    return tool | _place(search)


def for_anthropic(search: Search) -> dict[str, Any]:
    """Return the tool as Claude knows it."""
    optional = {
        "allowed_domains": list(search.allowed_domains),
        "blocked_domains": list(search.blocked_domains),
        "max_uses": search.most,
    }
    return {**_ANTHROPICS, **{name: value for name, value in optional.items() if value}} | _place(search)


def for_gemini(search: Search, losses: Losses, *, has_functions: bool) -> dict[str, Any]:
    """Return the tool as Gemini knows it.

    Raises:
        InvalidInput: there are functions beside it, or only some places may be searched.
    """
    if has_functions:
        raise refused(search.at, "Gemini takes functions or its search, not both: leave one out or ask another target")
    if search.allowed_domains or search.blocked_domains:
        raise refused(search.at, "Google's search cannot be held to some places: leave them out or ask another target")
    if search.most is not None:
        losses.add(f"{search.at}.max_uses", "Google's search has no such limit, dropped")
    if search.location is not None:
        losses.add(f"{search.at}.user_location", "Google's search is told no place, dropped")
    return {"googleSearch": {}}


def refuse(search: Search | None) -> None:
    """Raise where a search was asked for, of a target that has none.

    Raises:
        InvalidInput: it was.
    """
    if search is not None:
        raise refused(search.at, "this target cannot search the web: leave it out or ask another target")


def _place(search: Search) -> dict[str, Any]:
    return {} if search.location is None else {"user_location": {"type": "approximate", **search.location}}
