"""The kinds of step that an agent system takes, recorded with OpenTelemetry's GenAI attributes."""

from collections.abc import Mapping, Sequence

from masthead.model import attributes as names
from masthead.record.quiet import quietly
from masthead.record.recording import Recording, Value
from masthead.record.texts import ChatMessage, json_of, message_json, messages_json, text_of


class RunStep(Recording):
    """One run of the whole system, from its task to its answer."""

    @quietly
    def answer(self, text: object) -> None:
        """Note what the run gave as its result."""
        self.set(names.RUN_ANSWER, text_of(text))

    @quietly
    def succeeded(self, is_success: bool) -> None:  # noqa: FBT001 - a verdict is the one thing it takes
        """Note whether the task was achieved, where the program can tell."""
        self.set(names.RUN_IS_SUCCESS, is_success)

    def came_in(self, arguments: Mapping[str, object]) -> None:
        """Take the task from a decorated function's arguments, where it was not given."""
        if names.RUN_TASK not in self._attributes:
            self.set(names.RUN_TASK, _one_text(arguments))

    def came_out(self, result: object) -> None:
        """Take a decorated function's result as the answer."""
        self.answer(result)


class AgentStep(Recording):
    """One turn at work of one agent."""

    def came_in(self, arguments: Mapping[str, object]) -> None:
        """Note what the agent was given."""
        self.input(_one_text(arguments))

    def came_out(self, result: object) -> None:
        """Note what the agent gave back."""
        self.output(result)

    @quietly
    def input(self, text: object) -> None:
        """Note what the agent was given."""
        self.set(names.INPUT_MESSAGES, message_json("user", text_of(text)))

    @quietly
    def output(self, text: object) -> None:
        """Note what the agent said at the end of its work."""
        self.set(names.OUTPUT_MESSAGES, message_json("assistant", text_of(text)))


class ToolStep(Recording):
    """One execution of a tool."""

    def came_in(self, arguments: Mapping[str, object]) -> None:
        """Note a decorated function's arguments."""
        self.set(names.TOOL_ARGUMENTS, json_of(arguments))

    def came_out(self, result: object) -> None:
        """Note what a decorated function returned."""
        self.result(result)

    @quietly
    def result(self, result: object) -> None:
        """Note what the tool gave back."""
        self.set(names.TOOL_RESULT, text_of(result))


class LlmStep(Recording):
    """One call of a language model."""

    def came_in(self, arguments: Mapping[str, object]) -> None:
        """Note a decorated function's arguments as the prompt, where no messages were given."""
        if names.INPUT_MESSAGES not in self._attributes:
            given = arguments.get("messages")
            is_chat = isinstance(given, list) and all(isinstance(message, Mapping) for message in given)  # pyright: ignore[reportUnknownVariableType] - the user's own list
            self.set(names.INPUT_MESSAGES, messages_json(given if is_chat else _one_text(arguments)))  # pyright: ignore[reportArgumentType]

    def came_out(self, result: object) -> None:
        """Note what a decorated function returned as the reply."""
        self.reply(text_of(result))

    @quietly
    def reply(
        self,
        text: str = "",
        *,
        model: str | None = None,
        tool_calls: Sequence[ChatMessage] = (),
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        finish_reason: str | None = None,
    ) -> None:
        """Note the model's answer: `tool_calls` in OpenAI's form, tokens as the provider counted them."""
        message: ChatMessage = {"role": "assistant", "content": text, "tool_calls": list(tool_calls)}
        self.set(names.OUTPUT_MESSAGES, messages_json([message]))
        noted: dict[str, Value | None] = {
            names.RESPONSE_MODEL: model,
            names.INPUT_TOKENS: input_tokens,
            names.OUTPUT_TOKENS: output_tokens,
        }
        for key, value in noted.items():
            if value is not None:
                self.set(key, value)
        if finish_reason:
            self._span.set_attribute("gen_ai.response.finish_reasons", [finish_reason])


def run(
    task: str | None = None,
    *,
    system: str | None = None,
    task_id: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: Sequence[str] = (),
    metadata: Mapping[str, Value] | None = None,
) -> RunStep:
    """Record one run of the system. `user_id` is the end user's, so that their runs can be erased on request."""
    noted: dict[str, Value | None] = {
        names.OPERATION: "invoke_workflow",
        names.WORKFLOW_NAME: system,
        names.RUN_TASK: task,
        names.RUN_SYSTEM: system,
        names.RUN_TASK_ID: task_id,
        names.SESSION_ID: session_id,
        names.USER_ID: user_id,
        names.RUN_TAGS: list(tags) or None,
        names.RUN_METADATA: json_of(dict(metadata)) if metadata else None,
    }
    return RunStep(f"run {system}" if system else "run", _given(noted))


def agent(
    name: str, *, agent_id: str | None = None, description: str | None = None, instructions: str | None = None
) -> AgentStep:
    """Record one agent at work."""
    noted: dict[str, Value | None] = {
        names.OPERATION: "invoke_agent",
        names.AGENT_NAME: name,
        names.AGENT_ID: agent_id,
        names.AGENT_DESCRIPTION: description,
        names.SYSTEM_INSTRUCTIONS: json_of([{"type": "text", "content": instructions}]) if instructions else None,
    }
    return AgentStep(f"invoke_agent {name}", _given(noted))


def tool(name: str, arguments: Mapping[str, object] | None = None, *, call_id: str | None = None) -> ToolStep:
    """Record one execution of a tool."""
    noted: dict[str, Value | None] = {
        names.OPERATION: "execute_tool",
        names.TOOL_NAME: name,
        names.TOOL_CALL_ID: call_id,
        names.TOOL_ARGUMENTS: json_of(arguments) if arguments is not None else None,
    }
    return ToolStep(f"execute_tool {name}", _given(noted))


def llm(model: str, messages: Sequence[ChatMessage] | str | None = None, *, provider: str | None = None) -> LlmStep:
    """Record one call of a language model; `messages` as OpenAI's chat API has them, or one text."""
    noted: dict[str, Value | None] = {
        names.OPERATION: "chat",
        names.REQUEST_MODEL: model,
        names.PROVIDER: provider,
        names.INPUT_MESSAGES: messages_json(messages) if messages is not None else None,
    }
    return LlmStep(f"chat {model}", _given(noted))


@quietly
def handoff(to: str, text: object = "") -> None:
    """Record that the agent at work hands over to another one, and what it hands over."""
    with tool(f"transfer_to_{to}", {"to": to, "text": text_of(text)}) as step:
        step.result(text)


def _given(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    return {key: value for key, value in attributes.items() if value is not None}


def _one_text(arguments: Mapping[str, object]) -> str:
    values = list(arguments.values())
    return text_of(values[0]) if len(values) == 1 else json_of(arguments)
