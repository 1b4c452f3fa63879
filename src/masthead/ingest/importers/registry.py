"""All families, in the order in which a record is offered to them: the narrower first."""

from collections.abc import Iterator, Mapping
from typing import Final

from masthead.ingest.importers.ag2 import AG2
from masthead.ingest.importers.ag2_console import AG2_CONSOLE
from masthead.ingest.importers.appworld import APPWORLD
from masthead.ingest.importers.chatdev import CHATDEV
from masthead.ingest.importers.family import Family, Imported, ImportedRun, Record
from masthead.ingest.importers.hyperagent import HYPERAGENT_JSON, HYPERAGENT_LOG
from masthead.ingest.importers.inspect_log import INSPECT
from masthead.ingest.importers.label_files import AGENTRX_LABELS, MASFT_LABELS
from masthead.ingest.importers.langchain import LANGCHAIN
from masthead.ingest.importers.magentic_one import MAGENTIC_CONSOLE, MAGENTIC_JSON
from masthead.ingest.importers.mast_data import MAST_DATA
from masthead.ingest.importers.matot import MATOT
from masthead.ingest.importers.metagpt import METAGPT_JSON, METAGPT_LOG
from masthead.ingest.importers.openai_messages import OPENAI_MESSAGES, TAU_BENCH
from masthead.ingest.importers.openmanus import OPENMANUS
from masthead.ingest.importers.otlp_file import OTLP_FILE
from masthead.ingest.importers.peer_review import PEER_REVIEW
from masthead.ingest.importers.transcript import TRANSCRIPT
from masthead.ingest.importers.whowhen import WHOWHEN
from masthead.model.errors import InvalidInput

FAMILIES: Final = (
    OTLP_FILE,
    INSPECT,
    MAST_DATA,
    MASFT_LABELS,
    AGENTRX_LABELS,
    HYPERAGENT_JSON,
    MATOT,
    PEER_REVIEW,
    WHOWHEN,
    AG2,
    METAGPT_JSON,
    MAGENTIC_JSON,
    TAU_BENCH,
    LANGCHAIN,
    OPENAI_MESSAGES,
    HYPERAGENT_LOG,
    CHATDEV,
    OPENMANUS,
    METAGPT_LOG,
    APPWORLD,
    MAGENTIC_CONSOLE,
    AG2_CONSOLE,
    TRANSCRIPT,
)
BY_ID: Final[Mapping[str, Family]] = {family.id: family for family in FAMILIES}


def formats() -> tuple[Family, ...]:
    """Return every family, for lists and the reference."""
    return FAMILIES


def candidates(record: Record) -> list[Family]:
    """Return the families that the record looks like: the narrow ones, or else the general ones."""
    kind = "text" if record.text is not None else "json"
    for is_general in (False, True):
        found = [family for family in FAMILIES if (family.kind, family.is_general) == (kind, is_general)]
        matching = [family for family in found if family.matches(record)]
        if matching:
            return matching
    return []


def family_of(record: Record) -> Family | None:
    """Return the family that the record looks like, the first one where several would do."""
    kind = "text" if record.text is not None else "json"
    for is_general in (False, True):
        for family in FAMILIES:
            if family.kind == kind and family.is_general is is_general and family.matches(record):
                return family
    return None


def read(family: Family, record: Record) -> Iterator[Imported]:
    """Read the record as that family.

    Raises:
        InvalidInput: it cannot be read so, or holds a run in which nothing was said.
    """
    for imported in family.read(record):
        if isinstance(imported, ImportedRun) and not imported.conversation.turns:
            raise record.malformed(f"this {family.id} run holds no turn")
        yield imported


def family_named(name: str) -> Family:
    """Return a family by its id.

    Raises:
        InvalidInput: there is none of that name; the message lists them.
    """
    family = BY_ID.get(name)
    if family is None:
        raise InvalidInput(f"there is no format {name!r}; there are {', '.join(sorted(BY_ID))}")
    return family
