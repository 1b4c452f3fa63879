"""`openapi.json`: what FastAPI says of the routes, with our problems in place of its validation errors, and roles."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from masthead.api.access import Requires
from masthead.api.schema.base import Problem

ROLE: Final = "x-masthead-role"
"""Where a route's description says which role it needs; absent where none is."""
_PROBLEM: Final = {
    "description": "What went wrong, and the remedy.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch"})


def describe(app: FastAPI) -> None:
    """Make the application describe itself with problems and roles."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = openapi


def routes_of(app: FastAPI) -> Iterator[tuple[str, str, APIRoute]]:
    """Yield path, method and route of everything that the API answers."""
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, context.path_format
        if isinstance(route, APIRoute) and path is not None:
            yield from ((path, method, route) for method in route.methods or ())


def role_of(route: APIRoute) -> str | None:
    """Return the role that a route needs (`operator` above all), None where it needs none."""
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Requires):
            return dependency.call.name
    return None


def _description(app: FastAPI) -> dict[str, Any]:
    described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = described["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(mode="serialization")
    schemas["Problem"] = problem
    described["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "An API key; not needed on loopback by default."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "masthead_session",
            "description": "A logged-in browser.",
        },
    }
    roles = {(path, method.lower()): role_of(route) for path, method, route in routes_of(app)}
    for path, item in described["paths"].items():
        for method in _METHODS & item.keys():
            _finish(item[method], roles.get((path, method)))
    return described


def _finish(operation: dict[str, Any], role: str | None) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = _PROBLEM
    if role is not None:
        operation[ROLE] = role
        operation["security"] = [{}, {"key": []}, {"session": []}]
