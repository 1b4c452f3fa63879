"""Names of span attributes that Masthead itself writes: its own, and the OpenTelemetry GenAI ones it uses for the rest.

`semconv` reads many conventions; whoever *writes* spans (importers, samples, `record`, the runtime) takes names here.
The `masthead.run.*` names may stand on the root span of any run, whichever instrumentation wrote the rest.
"""

from typing import Final

# The run as a whole; on its root span.
RUN_WRITTEN: Final = "masthead.run.written"
"""Integer version of the written form (`conversation.written`); its presence says that turns are spans."""
RUN_SYSTEM: Final = "masthead.run.system"
RUN_TASK: Final = "masthead.run.task"
RUN_TASK_ID: Final = "masthead.run.task_id"
RUN_IS_SUCCESS: Final = "masthead.run.is_success"
"""Boolean: whether the record itself says that the task was achieved."""
RUN_ENDING: Final = "masthead.run.ending"
"""One of `EndingKind`."""
RUN_ENDING_REASON: Final = "masthead.run.ending_reason"
RUN_ANSWER: Final = "masthead.run.answer"
RUN_TAGS: Final = "masthead.run.tags"
"""List of strings."""
RUN_METADATA: Final = "masthead.run.metadata"
"""JSON text of an object."""
RUN_AGENTS: Final = "masthead.run.agents"
"""JSON text: the roster, a list of objects with the fields of `Agent`."""
RUN_TIMES: Final = "masthead.run.times"
"""`recorded`, `synthetic` (no time in the log: spans are 1 ms apart) or `mixed`."""

# One turn; on the span of that turn.
TURN_INDEX: Final = "masthead.turn.index"
TURN_ACT: Final = "masthead.turn.act"
"""One of `Act`."""
TURN_SPEAKER: Final = "masthead.turn.speaker"
"""Id of a speaker that is no agent (a person, a tool's executor, the system); an agent is in `gen_ai.agent.id`."""
TURN_ADDRESSEES: Final = "masthead.turn.addressees"
"""List of agent ids."""
TURN_TEXT: Final = "masthead.turn.text"
TURN_REASONING: Final = "masthead.turn.reasoning"
TURN_TIMES: Final = "masthead.turn.times"
"""Which of the span's times the log gave where it did not give both: `start`, `end` or `none`."""

COST_USD: Final = "masthead.cost_usd"
"""Decimal text: the cost that the record itself gives; the door keeps it instead of computing one."""
RECORDED_PRICE: Final = "recorded"
"""`Span.price_version` of a cost that came with the record."""

# Names of OpenTelemetry that we write.
SESSION_ID: Final = "session.id"
USER_ID: Final = "user.id"
ERROR_TYPE: Final = "error.type"
OPERATION: Final = "gen_ai.operation.name"
"""`invoke_workflow`, `invoke_agent`, `chat`, `execute_tool`, …"""
WORKFLOW_NAME: Final = "gen_ai.workflow.name"
AGENT_ID: Final = "gen_ai.agent.id"
AGENT_NAME: Final = "gen_ai.agent.name"
AGENT_DESCRIPTION: Final = "gen_ai.agent.description"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_RESULT: Final = "gen_ai.tool.call.result"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
