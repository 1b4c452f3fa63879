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
)
