"""Saved views, and lists of runs: datasets and annotation queues."""

from typing import Annotated

from pydantic import Field

from masthead.api.schema.base import Input, Output, PageQuery, Time, time_or_none
from masthead.api.schema.run import Run
from masthead.govern import shelf
from masthead.model import shelf as noun
from masthead.model.errors import InvalidInput
from masthead.model.ids import RunId
from masthead.model.times import rfc3339

_Name = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$")
]
_Moment = Annotated[str, Field(max_length=64, pattern=r"^(-\d{1,6}[mhd]|[0-9T:.Z+-]+)$")]
RunIdText = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
ManyRunIds = Annotated[tuple[RunIdText, ...], Field(max_length=1000)]


class NewView(Input):
    """A query on the list of runs, to be kept under a name."""

    name: _Name
    query: Annotated[str, Field(max_length=4000)]
    """What stands in the query bar, such as `outcome:failure agent:Planner`."""
    since: _Moment | None = None
    """RFC 3339, or relative to now: `-24h`."""
    until: _Moment | None = None


class SavedView(Output):
    """A query on the list of runs under a name."""

    id: str
    name: str
    query: str
    since: str | None
    until: str | None
    created: Time
    created_by: str

    @classmethod
    def of(cls, view: noun.SavedView) -> "SavedView":
        """Render a view."""
        return cls.trusted(
            id=view.id,
            name=view.name,
            query=view.query,
            since=view.since,
            until=view.until,
            created=rfc3339(view.created_ns),
            created_by=view.created_by,
        )


class SavedViews(Output):
    """The project's saved views, by name."""

    items: list[SavedView]


class NewList(Input):
    """A list of runs to make."""

    name: _Name
    kind: noun.ListKind
    """`dataset`: runs that belong together; `queue`: runs that people label one after the other."""


class RunList(Output):
    """A named list of runs."""

    id: str
    name: str
    kind: noun.ListKind
    created: Time
    created_by: str
    runs: int
    labelled: int
    """Runs on which a person wrote a score, or which a person marked as done."""

    @classmethod
    def of(cls, counted: shelf.Counted) -> "RunList":
        """Render a list."""
        made = counted.list
        return cls.trusted(
            id=made.id,
            name=made.name,
            kind=made.kind,
            created=rfc3339(made.created_ns),
            created_by=made.created_by,
            runs=counted.runs,
            labelled=counted.labelled,
        )


class RunLists(Output):
    """The project's lists, by name."""

    items: list[RunList]


class ListChange(Input):
    """Which runs come into a list, and which leave it."""

    add: ManyRunIds = ()
    remove: ManyRunIds = ()


class ListChanged(Output):
    """How many runs came and went, and how the list is now."""

    added: int
    removed: int
    list: RunList


class ListedRunsQuery(PageQuery):
    """Which part of a list to show."""

    def after(self) -> int:
        """Return the place behind which to go on.

        Raises:
            InvalidInput: the cursor is none of ours.
        """
        if self.cursor is None:
            return 0
        if not (self.cursor.isascii() and self.cursor.isdigit() and len(self.cursor) < 19):
            raise InvalidInput(f"{self.cursor!r} is no cursor of this list; start without one", where="cursor")
        return int(self.cursor)


class ListedRun(Output):
    """A run in a list."""

    run: Run
    added: Time
    added_by: str
    is_labelled: bool
    done: Time | None
    """When somebody said that it needs no more labels."""
    done_by: str | None

    @classmethod
    def of(cls, entry: shelf.Entry) -> "ListedRun":
        """Render an entry."""
        listed = entry.listed
        return cls.trusted(
            run=Run.of(entry.row),
            added=rfc3339(listed.added_ns),
            added_by=listed.added_by,
            is_labelled=entry.is_labelled,
            done=time_or_none(listed.done_ns),
            done_by=listed.done_by,
        )


class ListedRuns(Output):
    """One page of a list, in its order."""

    items: list[ListedRun]
    cursor: str | None


class NextQuery(Input):
    """From where to look for the next run."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    after: RunIdText | None = None
    """The run behind which to look; the search goes on from the list's start."""

    def run(self) -> RunId | None:
        """Return the run behind which to look."""
        return None if self.after is None else RunId(self.after)


class NextRun(Output):
    """The next run of a list that is not labelled, null where all are; and how far the list is."""

    run_id: str | None
    runs: int
    labelled: int


class DoneInput(Input):
    """Whether a run of a list needs no more labels."""

    run_id: RunIdText
    is_done: bool


class TagChange(Input):
    """Tags to put on runs and to take off them, over what their spans say."""

    run_ids: Annotated[list[RunIdText], Field(min_length=1, max_length=1000)]
    add: Annotated[tuple[_Name, ...], Field(max_length=20)] = ()
    remove: Annotated[tuple[_Name, ...], Field(max_length=20)] = ()

    def changes(self) -> dict[str, bool]:
        """Return whether each tag is put on or taken off.

        Raises:
            InvalidInput: there is none, or one is both added and removed.
        """
        both = set(self.add) & set(self.remove)
        if both:
            raise InvalidInput(f"tag {min(both)!r} cannot be added and removed at once", where="remove")
        if not self.add and not self.remove:
            raise InvalidInput("name a tag to add or to remove", where="add")
        return dict.fromkeys(self.add, True) | dict.fromkeys(self.remove, False)


class Tagged(Output):
    """How many runs were tagged: those of the given ones that are the project's."""

    runs: int
