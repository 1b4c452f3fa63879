"""The names of the model that may answer a call: what a plugin that names models must hold for.

A filter that looked at the asked name alone would be passed by an alias, by `CONNECTION/MODEL`, or by a dated name that
a connection passes through. So one name too many counts rather than one too few.
"""

import re
from collections.abc import Callable, Collection, Iterator
from fnmatch import fnmatchcase
from typing import Final

from masthead.gateway.config import GatewayConfig

NamesOf = Callable[[str], Collection[str]]
"""All names, in lower case, of what may answer calls that ask for a model."""

_VERSION: Final = re.compile(r"[-@:](?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


def names_of(config: GatewayConfig) -> NamesOf:
    """Return the names by a configuration: as it is asked for, and as the targets are called that may get the call."""
    routes = {route.model: route for route in config.routes}
    anyones = [name for name, one in config.connections.items() if not one.models]

    def targets(model: str) -> Iterator[tuple[str, str]]:
        route = routes.get(model)
        naming = [name for name, one in config.connections.items() if model in one.models]
        prefix, _, rest = model.partition("/")
        if route is not None:
            for target in (*route.targets, *((route.shadow,) if route.shadow is not None else ())):
                yield target.connection, target.model or model
        elif rest and prefix in config.connections and not naming:
            yield prefix, rest
        else:
            yield from ((name, model) for name in naming or anyones)

    def names(model: str) -> Collection[str]:
        found = {model}
        for connection, name in targets(model):
            found |= {name, f"{connection}/{name}"}
        return frozenset(form for name in found for form in forms(name))

    return names


def forms(name: str) -> frozenset[str]:
    """Return a name in lower case, without the vendors in front of it (`openai/gpt-4o`), and without its date."""
    steps = name.lower().split("/")
    whole = {"/".join(steps[at:]) for at in range(len(steps))}
    return frozenset(whole | {_VERSION.sub("", one) for one in whole})


def is_meant(patterns: Collection[str], names: Collection[str]) -> bool:
    """Say whether one of the patterns names one of these; no pattern names them all."""
    return not patterns or any(fnmatchcase(name, pattern.lower()) for pattern in patterns for name in names)
