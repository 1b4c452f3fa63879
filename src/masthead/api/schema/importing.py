"""What an upload brought in."""

from typing import Annotated

from pydantic import Field

from masthead.api.schema.base import Input, Output
from masthead.model import importing as noun


class ImportQuery(Input):
    """How to read the file."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    name: Annotated[str, Field(min_length=1, max_length=200)] = "upload"
    """The file's name; its ending helps to recognise archives."""
    format: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] | None = None
    """The log family; left out, it is recognised."""


class ImportProblem(Output):
    """A record that could not be read; the others were taken."""

    where: str
    reason: str


class ImportReport(Output):
    """What an upload brought in."""

    formats: dict[str, int]
    """Runs by recognised format."""
    runs: int
    """Runs that are new."""
    runs_known: int
    """Runs that were there already, and to which nothing was added."""
    spans: int
    scores: int
    problems: list[ImportProblem]
    """The first ones."""
    problems_total: int

    @classmethod
    def of(cls, report: noun.ImportReport) -> "ImportReport":
        """Render the counts."""
        return cls.trusted(
            formats=dict(report.formats),
            runs=report.runs,
            runs_known=report.runs_known,
            spans=report.spans,
            scores=report.scores,
            problems=[ImportProblem.trusted(where=entry.where, reason=entry.reason) for entry in report.problems],
            problems_total=report.problems_total,
        )
