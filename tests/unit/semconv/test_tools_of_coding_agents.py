"""Calls of the tools that coding agents use are calls, with what was asked and what came back."""

from typing import Any

import pytest

from masthead.model.reading import Message, ToolCall
from masthead.semconv.messages import messages_of

pytestmark = pytest.mark.unit

ACTION = {"commands": ["ls"]}
OPERATION = {"type": "delete_file", "path": "a.py"}


@pytest.mark.parametrize(
    ("item", "name", "arguments"),
    [
        ({"type": "custom_tool_call", "name": "apply_patch", "input": "*** Begin"}, "apply_patch", "*** Begin"),
        ({"type": "shell_call", "action": ACTION}, "shell", '{"commands":["ls"]}'),
        ({"type": "local_shell_call", "action": ACTION}, "shell", '{"commands":["ls"]}'),
        (
            {"type": "apply_patch_call", "operation": OPERATION},
            "apply_patch",
            '{"type":"delete_file","path":"a.py"}',
        ),
        ({"type": "computer_call", "actions": [{"type": "screenshot"}]}, "computer", '[{"type":"screenshot"}]'),
    ],
)
def test_items_of_responses_are_calls_with_their_results(item: dict[str, Any], name: str, arguments: str):
    call = {**item, "id": "i", "call_id": "c", "status": "completed"}
    result: dict[str, Any] = {"type": f"{item['type']}_output", "call_id": "c", "output": "Done"}
    assert messages_of([call], "assistant") == (
        Message(role="assistant", tool_calls=(ToolCall(id="c", name=name, arguments=arguments),)),
    )
    assert messages_of([result], "user") == (Message(role="tool", text="Done", tool_call_id="c"),)


def test_free_form_calls_of_chat_completions_are_calls():
    call: dict[str, Any] = {"id": "c", "type": "custom", "custom": {"name": "apply_patch", "input": "*** Begin"}}
    (message,) = messages_of({"role": "assistant", "content": None, "tool_calls": [call]}, "assistant")
    assert message.tool_calls == (ToolCall(id="c", name="apply_patch", arguments="*** Begin"),)


def test_output_of_a_shell_is_kept_whole():
    output: list[Any] = [{"stdout": "a.py", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}]
    (message,) = messages_of([{"type": "shell_call_output", "call_id": "c", "output": output}], "user")
    assert (message.role, message.tool_call_id) == ("tool", "c") and '"stdout":"a.py"' in message.text
