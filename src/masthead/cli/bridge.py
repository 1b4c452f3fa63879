"""`masthead bridge`: vendors of the long tail, through any-llm."""

from importlib import import_module
from typing import Annotated, Any

import typer
import uvicorn

from masthead.model.errors import SettingsError
from masthead.providers.bridge import Bridge


def bridge(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on, on the loopback.")] = 8766,
) -> None:
    """Serve vendors that speak no dialect of Masthead's, through `any-llm-sdk`, to a gateway on this machine.

    Install it with the extra `providers`. Each vendor's key is read from its own environment variable. Point a
    connection at it: `provider = "openai-compatible"`, `base_url = "http://127.0.0.1:8766/v1"`, `allow_networks =
    ["loopback"]`, and name models `VENDOR/MODEL`.

    For example:

        masthead bridge --port 8766
    """
    try:
        vendors: Any = import_module("any_llm")
    except ImportError as error:
        raise SettingsError("the bridge needs any-llm: install masthead[providers]") from error
    uvicorn.run(Bridge(vendors), host="127.0.0.1", port=port, log_level="warning")
