"""What guards put into headers is text that a header may hold, whatever the tools of an agent are called."""

import pytest

from masthead.gateway.config_routes import GuardsConfig
from masthead.testing.agent_calls import Site, calls, result, system, user

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", ["x\r\nset-cookie: a=b", "x\0\x1b[2J", "\u2028Übung", "y" * 5000])
async def test_a_warning_is_one_line_of_printable_ascii(name: str):
    site = Site(GuardsConfig(on_finding="warn"))
    history = [system("You are the refund agent."), user("Refund order 5555.")]
    found: list[tuple[bytes, bytes]] = []
    for number in range(5):
        call = calls(f"c{number}", name, "{}")
        found += (await site.call(history, call)).headers
        history += [call, result(f"c{number}", "Error: no order")]
    assert found
    for header, value in found:
        assert header == b"x-masthead-guard"
        assert value.isascii() and value.decode().isprintable() and len(value) <= 400
