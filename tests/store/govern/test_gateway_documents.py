"""Projects' own gateway configurations: revisions, who wins a race, and what gateways hear of changes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from masthead.clock import FixedClock
from masthead.govern import audit
from masthead.govern.gateway_documents import KEPT, GatewayDocuments
from masthead.model.access import Caller
from masthead.model.errors import Conflict, InvalidInput, NotFound
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.model.stored import GatewayRevision
from masthead.model.tenancy import Project, Role
from masthead.store.control import gateways, projects
from masthead.store.control.database import Database

pytestmark = pytest.mark.store

OTHER = ProjectId("other")
OWNER = Caller(actor="key:1", project_id=DEFAULT_PROJECT, role=Role.OWNER, is_operator=False)
OF_OTHER = Caller(actor="key:2", project_id=OTHER, role=Role.OWNER, is_operator=False)


@pytest.fixture
def database(new_url: Callable[[], str]) -> Iterator[Database]:
    opened = Database.open(new_url())
    with opened.writing() as session:
        for name in (DEFAULT_PROJECT, OTHER):
            projects.insert(session, Project(id=name, name=name, created_ns=1))
    yield opened
    opened.close()


@pytest.fixture
def documents(database: Database) -> GatewayDocuments:
    return GatewayDocuments(database, FixedClock())


def test_revisions_follow_one_another_and_stay_in_their_project(documents: GatewayDocuments) -> None:
    assert documents.latest(DEFAULT_PROJECT) is None
    assert documents.put(OWNER, '{"a": 1}', revision=0).revision == 1
    assert documents.put(OWNER, '{"a": 2}', revision=1).revision == 2
    latest = documents.latest(DEFAULT_PROJECT)
    assert latest is not None
    assert (latest.revision, latest.document, latest.actor) == (2, '{"a": 2}', "key:1")
    assert documents.one(OWNER, 1).document == '{"a": 1}'
    assert documents.latest(OTHER) is None
    with pytest.raises(NotFound):
        documents.one(OF_OTHER, 1)


@pytest.mark.parametrize("revision", [0, 2, 7])
def test_a_change_of_a_revision_that_is_not_the_present_one_is_refused(
    documents: GatewayDocuments, database: Database, revision: int
) -> None:
    documents.put(OWNER, "{}", revision=0)
    with pytest.raises(Conflict, match=f"at revision 1, not {revision}"):
        documents.put(OWNER, '{"lost": true}', revision=revision)
    assert documents.one(OWNER, 1).document == "{}"
    with database.reading() as session:
        assert [entry.action for entry in audit.audit.walk(session)] == ["gateway.configured"]


def test_of_many_who_change_the_same_revision_one_wins(documents: GatewayDocuments) -> None:
    def put(number: int) -> bool:
        try:
            documents.put(OWNER, f'{{"by": {number}}}', revision=0)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(put, range(16)))
    assert sum(won) == 1
    latest = documents.latest(DEFAULT_PROJECT)
    assert latest is not None
    assert (latest.revision, latest.document) == (1, f'{{"by": {won.index(True)}}}')


def test_no_change_escapes_who_asks_for_those_since_the_last_one_seen(documents: GatewayDocuments) -> None:
    """Writers of two projects race, while a reader goes on from the highest number that it saw."""
    heard = dict[ProjectId, int]()

    def write(caller: Caller) -> None:
        for revision in range(12):
            documents.put(caller, f'{{"r": {revision}}}', revision=revision)

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write, caller) for caller in (OWNER, OF_OTHER)]
        seen = 0
        while True:
            are_over = all(one.done() for one in writers)
            seen, changed = documents.changes(seen)
            for project in changed:
                latest = documents.latest(project)
                assert latest is not None
                heard[project] = latest.revision
            if are_over and not changed:
                break
        for one in writers:
            one.result()
    assert heard == {DEFAULT_PROJECT: 12, OTHER: 12}


def test_history_is_told_from_the_latest_page_by_page(documents: GatewayDocuments) -> None:
    for revision in range(5):
        documents.put(OWNER, f"[{revision}]", revision=revision)
    first = documents.history(OWNER, limit=2, cursor=None)
    assert [one.revision for one in first.items] == [5, 4, 3]  # with the one that 4 followed
    second = documents.history(OWNER, limit=2, cursor=first.cursor)
    third = documents.history(OWNER, limit=2, cursor=second.cursor)
    assert [one.revision for one in second.items] == [3, 2, 1]
    assert [one.revision for one in third.items] == [1]
    assert third.cursor is None
    assert documents.history(OF_OTHER, limit=2, cursor=None).items == []


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1e3", "²", "9" * 30, "1; DROP TABLE gateway_revisions"])
def test_a_cursor_that_is_none_of_ours_is_refused(documents: GatewayDocuments, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="no cursor"):
        documents.history(OWNER, limit=2, cursor=cursor)


@pytest.mark.parametrize("revision", [0, -1, 2**31, 2**63, 2**80])
def test_a_revision_that_cannot_be_is_not_found(documents: GatewayDocuments, revision: int) -> None:
    with pytest.raises(NotFound):
        documents.one(OWNER, revision)


def test_the_oldest_revisions_are_let_go(documents: GatewayDocuments, database: Database) -> None:
    with database.writing() as session:
        for number in range(1, KEPT + 1):
            revision = GatewayRevision(revision=number, document="{}", time_ns=number, actor="a")
            gateways.add(session, DEFAULT_PROJECT, revision, keep=KEPT)
    documents.put(OWNER, "{}", revision=KEPT)
    with pytest.raises(NotFound):
        documents.one(OWNER, 1)
    assert documents.one(OWNER, 2).revision == 2


def test_a_project_that_is_deleted_is_one_that_changed_and_a_new_one_begins_anew(
    documents: GatewayDocuments, database: Database
) -> None:
    documents.put(OF_OTHER, '{"old": true}', revision=0)
    seen, _ = documents.changes(0)
    with database.writing() as session:
        projects.remove(session, OTHER)
        gateways.note_change(session, OTHER)
        projects.insert(session, Project(id=OTHER, name="another tenant", created_ns=2))
    assert documents.changes(seen)[1] == {OTHER}
    assert documents.latest(OTHER) is None
    assert documents.history(OF_OTHER, limit=5, cursor=None).items == []
