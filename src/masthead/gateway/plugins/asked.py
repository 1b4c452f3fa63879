"""What JSON a caller asked for, in each dialect: an answer's text, and the arguments of tools."""

from typing import Any, NamedTuple, cast

from masthead.gateway.call import Call
from masthead.gateway.plugins.texts.slots import Body, parts


class Asked(NamedTuple):
    """JSON that an answer is to be. `schema` is None where any object will do."""

    schema: Any = None


def asked_json(call: Call) -> Asked | None:
    """Return what the answer's text is to be; None where it may be anything."""
    match call.endpoint.name:
        case "chat":
            return _of(_inner(call.member("response_format")), "json_schema")
        case "responses":
            return _of(_inner(_get(call.member("text"), "format")), None)
        case "messages":
            found = call.member("output_format") or _get(call.member("output_config"), "format")
            return _of(_inner(found), None)
        case _:
            return None


def is_json_asked(call: Call) -> bool:
    """Say whether the answer's text is to be JSON."""
    has_any = any(name in call.members for name in ("response_format", "text", "output_format", "output_config"))
    return has_any and asked_json(call) is not None


def tool_schemas(call: Call) -> dict[str, Any]:
    """Return the schema of each tool's arguments, by its name; of those that have one."""
    found: dict[str, Any] = {}
    for _, tool in parts({"tools": call.member("tools")}, "tools"):
        function: Any = tool.get("function") if isinstance(tool.get("function"), dict) else tool
        body = cast("Body", function)
        name, schema = body.get("name"), body.get("parameters", body.get("input_schema"))
        if isinstance(name, str) and isinstance(schema, dict):
            found[name] = schema
    return found


def _of(form: Body, wrapped_in: str | None) -> Asked | None:
    match form.get("type"):
        case "json_object":
            return Asked()
        case "json_schema":
            inner = _inner(form.get(wrapped_in)) if wrapped_in is not None else form
            schema = inner.get("schema")
            return Asked(schema if isinstance(schema, dict | bool) else None)
        case _:
            return None


def _get(value: object, name: str) -> object:
    return _inner(value).get(name)


def _inner(value: object) -> Body:
    return cast("Body", value) if isinstance(value, dict) else {}
