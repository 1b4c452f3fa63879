"""Runs are diagnosed by themselves once nothing more of them comes."""

from collections.abc import Generator
from pathlib import Path

import pytest

from masthead.clock import FixedClock
from masthead.conversation import spans_of
from masthead.ingest.door import Door
from masthead.model.conversation import Conversation
from masthead.model.ids import DEFAULT_PROJECT, ProjectId, RunId
from masthead.model.tenancy import Project
from masthead.settings import Settings
from masthead.testing.site import NOW_NS, OPERATOR, conversation, put
from masthead.wiring import Application, opened

pytestmark = pytest.mark.integration
ONE, TWO = DEFAULT_PROJECT, ProjectId("two")
QUIET_S = 20.0


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def application(tmp_path: Path, clock: FixedClock) -> Generator[Application]:
    with opened(Settings(data_dir=tmp_path, diagnose_after_s=QUIET_S), clock) as application:
        application.services.registry.create(OPERATOR, Project(id=TWO, name="two", created_ns=0))
        yield application


def _diagnosed(application: Application, project: ProjectId, *run_ids: RunId) -> set[RunId]:
    return set(application.services.store.observations_of(project, run_ids))


def _send_again(door: Door, project: ProjectId, run: Conversation) -> None:
    """Send the run's spans as another body."""
    door.accept(project, spans_of(run, start_ns=NOW_NS)[:-1])
    door.flush()


def test_a_run_is_diagnosed_when_it_has_been_quiet_for_long_enough(application: Application, clock: FixedClock):
    first, second = (conversation(at, marker="m", user="u") for at in (1, 2))
    put(application.door, ONE, first)
    put(application.door, TWO, second)
    clock.advance(QUIET_S - 1)
    assert application.quiet.diagnose_quiet() == 0
    _send_again(application.door, TWO, second)
    clock.advance(2)
    assert application.quiet.diagnose_quiet() == 1
    assert _diagnosed(application, ONE, first.run_id) == {first.run_id}
    assert _diagnosed(application, TWO, second.run_id) == set()
    clock.advance(QUIET_S)
    assert application.quiet.diagnose_quiet() == 1
    assert _diagnosed(application, TWO, second.run_id) == {second.run_id}


def test_a_run_is_diagnosed_once_unless_more_of_it_comes(application: Application, clock: FixedClock):
    run = conversation(1, marker="m", user="u")
    put(application.door, ONE, run)
    clock.advance(QUIET_S)
    assert application.quiet.diagnose_quiet() == 1
    clock.advance(QUIET_S)
    assert application.quiet.diagnose_quiet() == 0
    _send_again(application.door, ONE, run)
    clock.advance(QUIET_S)
    assert application.quiet.diagnose_quiet() == 0, "the same spans again are no news"


def test_a_run_that_was_erased_meanwhile_stays_erased(application: Application, clock: FixedClock):
    run = conversation(1, marker="m", user="u")
    put(application.door, ONE, run)
    application.services.store.delete_runs(ONE, [run.run_id])
    clock.advance(QUIET_S)
    assert application.quiet.diagnose_quiet() == 0
    assert _diagnosed(application, ONE, run.run_id) == set()


def test_a_server_that_is_told_to_waits_for_being_asked(tmp_path: Path, clock: FixedClock):
    run = conversation(1, marker="m", user="u")
    with opened(Settings(data_dir=tmp_path, diagnose_after_s=0), clock) as application:
        put(application.door, ONE, run)
        clock.advance(10_000)
        assert application.quiet.diagnose_quiet() == 0
        assert _diagnosed(application, ONE, run.run_id) == set()
