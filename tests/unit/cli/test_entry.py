"""Which command line the `masthead` script runs."""

import subprocess
import sys

import pytest

from masthead.cli.entry import command_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["gateway", "--port", "1"], "gateway"),
        (["--data-dir", "gateway", "up"], "up"),
        (["--data-dir=gateway", "gateway"], "gateway"),
        (["--help"], None),
        ([], None),
    ],
)
def test_the_command_is_found_behind_the_options(arguments: list[str], command: str | None) -> None:
    assert command_of(arguments) == command


def test_the_gateway_alone_imports_no_store_no_pages_and_no_numbers() -> None:
    code = "import masthead.cli.gateway, masthead.wiring_gateway, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"chdb", "numpy", "fastapi", "httpx", "clickhouse_connect", "aiohttp"} & set(loaded) == set()
