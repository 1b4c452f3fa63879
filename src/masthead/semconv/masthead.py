"""Masthead's own names: what `record`, importers and the runtime write beside OpenTelemetry's."""

from masthead.model import attributes as names
from masthead.model.reading import Operation
from masthead.semconv.table import Convention

MASTHEAD = Convention(
    id="masthead",
    title="Masthead",
    about="`masthead.init()` and its decorators, the importers and the sample runs.",
    markers=("masthead.",),
    operations={
        names.TURN_ACT: {"handoff": Operation.HANDOFF},
    },
    fields={
        "cost_usd": (names.COST_USD,),
        "tags": (names.RUN_TAGS,),
        "metadata": (names.RUN_METADATA,),
        "system": (names.RUN_SYSTEM,),
        "task": (names.RUN_TASK,),
        "answer": (names.RUN_ANSWER,),
    },
    messages=(
        (f"`{names.RUN_IS_SUCCESS}`, `{names.RUN_ENDING}`", "outcome; how the run ended"),
        (f"`{names.RUN_WRITTEN}`, `{names.RUN_AGENTS}`", "a written run: its version and its roster (JSON)"),
        (
            f"`{names.TURN_INDEX}`, `{names.TURN_ACT}`, `{names.TURN_SPEAKER}`, `{names.TURN_TEXT}`, …",
            "one turn of a written run, beside `gen_ai.agent.*`, `gen_ai.tool.*` and `gen_ai.usage.*`",
        ),
    ),
)
