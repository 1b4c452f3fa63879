"""Saved views and lists of runs in control data, on every dialect."""

from dataclasses import replace

import pytest

from masthead.model.errors import Conflict
from masthead.model.ids import DEFAULT_PROJECT, ProjectId, RunId
from masthead.model.shelf import RunList, SavedView
from masthead.model.tenancy import Project
from masthead.store.control import lists, projects, views
from masthead.store.control.database import Database

pytestmark = pytest.mark.store

OTHER = ProjectId("other")
VIEW = SavedView(
    id="v1",
    project_id=DEFAULT_PROJECT,
    name="Ähnlich: 'quoted'",
    query='outcome:failure "out of memory"',
    since="-24h",
    until=None,
    created_ns=7,
    created_by="key:1",
)
GOLDEN = RunList(id="l1", project_id=DEFAULT_PROJECT, name="golden", kind="dataset", created_ns=7, created_by="key:1")


def _run(number: int) -> RunId:
    return RunId(f"{number:032x}")


@pytest.fixture
def filled(database: Database) -> Database:
    with database.writing() as session:
        for name in (DEFAULT_PROJECT, OTHER):
            projects.insert(session, Project(id=name, name=name, created_ns=1))
    return database


def test_a_view_is_kept_as_it_is_and_its_name_once_a_project(filled: Database) -> None:
    with filled.writing() as session:
        views.insert(session, VIEW)
        views.insert(session, replace(VIEW, id="v2", project_id=OTHER))
    with pytest.raises(Conflict, match="Ähnlich"), filled.writing() as session:
        views.insert(session, replace(VIEW, id="v3"))
    with filled.writing() as session:
        assert views.all_of(session, DEFAULT_PROJECT) == [VIEW]
        assert not views.remove(session, DEFAULT_PROJECT, "v2")
        assert views.remove(session, DEFAULT_PROJECT, "v1")
        assert views.all_of(session, DEFAULT_PROJECT) == []
        assert len(views.all_of(session, OTHER)) == 1


def test_a_list_keeps_its_runs_in_the_order_of_their_coming(filled: Database) -> None:
    with filled.writing() as session:
        lists.insert_list(session, GOLDEN)
        assert lists.add(session, GOLDEN, [_run(3), _run(1), _run(3)], added_ns=8, added_by="key:2") == 2
        assert lists.add(session, GOLDEN, [_run(1), _run(2)], added_ns=9, added_by="key:2") == 1
        listed = lists.runs_of(session, DEFAULT_PROJECT, "l1")
        assert [(one.run_id, one.place, one.added_ns) for one in listed] == [
            (_run(3), 1, 8),
            (_run(1), 2, 8),
            (_run(2), 3, 9),
        ]
        assert lists.runs_of(session, OTHER, "l1") == []
        assert lists.get(session, OTHER, "l1") is None


def test_runs_leave_one_list_or_all_of_a_project(filled: Database) -> None:
    elsewhere = replace(GOLDEN, id="l3", project_id=OTHER)
    second = replace(GOLDEN, id="l2", name="second", kind="queue")
    with filled.writing() as session:
        for made in (GOLDEN, second, elsewhere):
            lists.insert_list(session, made)
            lists.add(session, made, [_run(number) for number in range(1200)], added_ns=8, added_by="key:2")
        assert lists.take_out(session, DEFAULT_PROJECT, {_run(1), _run(9999)}, list_id="l1") == 1
        assert lists.take_out(session, DEFAULT_PROJECT, {_run(number) for number in range(1000)}) == 1999
        assert len(lists.runs_of(session, OTHER, "l3")) == 1200
        assert len(lists.listed(session, DEFAULT_PROJECT)) == 400


def test_who_is_done_with_a_run_is_noted_and_can_be_taken_back(filled: Database) -> None:
    with filled.writing() as session:
        lists.insert_list(session, GOLDEN)
        lists.add(session, GOLDEN, [_run(1)], added_ns=8, added_by="key:2")
        assert lists.mark(session, GOLDEN, _run(1), done_ns=10, done_by="key:3")
        assert lists.listed(session, DEFAULT_PROJECT) == [("l1", _run(1), True)]
        assert lists.mark(session, GOLDEN, _run(1), done_ns=None, done_by=None)
        assert not lists.mark(session, GOLDEN, _run(2), done_ns=10, done_by="key:3")
    with filled.reading() as session:
        assert lists.runs_of(session, DEFAULT_PROJECT, "l1")[0].done_by is None


def test_lists_and_views_go_with_their_project(filled: Database) -> None:
    with filled.writing() as session:
        lists.insert_list(session, replace(GOLDEN, project_id=OTHER))
        lists.add(session, replace(GOLDEN, project_id=OTHER), [_run(1)], added_ns=8, added_by="key:2")
        views.insert(session, replace(VIEW, project_id=OTHER))
        projects.remove(session, OTHER)
    with filled.reading() as session:
        assert (lists.all_of(session, OTHER), lists.listed(session, OTHER), views.all_of(session, OTHER)) == (
            [],
            [],
            [],
        )
