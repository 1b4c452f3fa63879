"""Jobs run one after the other, say how far they are, can be stopped, and forget nothing that was done."""

import threading
from collections.abc import Callable

import pytest

from masthead.api.jobs import MOST_WAITING, Jobs
from masthead.clock import SystemClock
from masthead.model.errors import InvalidInput, NotFound, Overloaded
from masthead.model.ids import ProjectId
from masthead.model.job import Job

pytestmark = pytest.mark.unit

ONE, TWO = ProjectId("one"), ProjectId("two")


class Steps:
    """Work whose every step waits to be let through."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.may_go_on = threading.Semaphore(0)
        self.was_asked = threading.Semaphore(0)

    def __call__(self, went_on: Callable[[int], bool]) -> None:
        for done in range(1, self.total + 1):
            self.may_go_on.acquire(timeout=10)
            is_wanted = went_on(done)
            self.was_asked.release()
            if not is_wanted:
                return

    def step(self) -> None:
        self.may_go_on.release()
        assert self.was_asked.acquire(timeout=10)


def _ended(jobs: Jobs, job: Job) -> Job:
    gone = threading.Event()
    for _ in range(1000):
        found = jobs.get(job.project_id, job.id)
        if found.ended_ns is not None:
            return found
        gone.wait(0.01)
    raise AssertionError("the job does not end")


def test_a_job_says_how_far_it_is_and_ends() -> None:
    jobs, steps = Jobs(SystemClock()), Steps(2)
    job = jobs.start(ONE, "diagnoses", 2, steps)
    steps.step()
    assert (jobs.get(ONE, job.id).state, jobs.get(ONE, job.id).done) == ("running", 1)
    steps.step()
    assert (_ended(jobs, job).state, _ended(jobs, job).done) == ("done", 2)
    jobs.close()


def test_nothing_to_do_is_done_at_once() -> None:
    jobs = Jobs(SystemClock())
    job = jobs.start(ONE, "diagnoses", 0, Steps(0))
    assert job.state == "done"
    assert job.ended_ns is not None
    jobs.close()


def test_a_stopped_job_keeps_what_it_did_and_the_next_one_runs() -> None:
    jobs, first, second = Jobs(SystemClock()), Steps(3), Steps(1)
    job, waiting = jobs.start(ONE, "a", 3, first), jobs.start(ONE, "b", 1, second)
    first.step()
    jobs.stop(ONE, job.id)
    first.step()
    ended = _ended(jobs, job)
    assert (ended.state, ended.done, ended.problem) == ("stopped", 2, None)
    second.step()
    assert _ended(jobs, waiting).state == "done"
    jobs.close()


def test_a_waiting_job_is_stopped_without_being_begun() -> None:
    jobs, first = Jobs(SystemClock()), Steps(1)
    running, waiting = jobs.start(ONE, "a", 1, first), jobs.start(ONE, "b", 1, Steps(1))
    stopped = jobs.stop(ONE, waiting.id)
    assert (stopped.state, stopped.started_ns) == ("stopped", None)
    first.step()
    assert _ended(jobs, running).state == "done"
    jobs.close()


def test_a_failure_is_told_and_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    jobs, good = Jobs(SystemClock()), Steps(1)

    def refused(_: Callable[[int], bool]) -> None:
        raise InvalidInput("no such thing")

    def broken(_: Callable[[int], bool]) -> None:
        raise ZeroDivisionError

    known, unknown = jobs.start(ONE, "a", 1, refused), jobs.start(ONE, "b", 1, broken)
    last = jobs.start(ONE, "c", 1, good)
    good.step()
    assert _ended(jobs, known).problem == "no such thing"
    assert _ended(jobs, unknown).state == "failed"
    assert "log" in (_ended(jobs, unknown).problem or "")
    assert _ended(jobs, last).state == "done"
    assert "ZeroDivisionError" in caplog.text
    jobs.close()


def test_another_projects_jobs_do_not_exist() -> None:
    jobs = Jobs(SystemClock())
    job = jobs.start(ONE, "a", 0, Steps(0))
    assert jobs.all_of(TWO) == []
    for ask in (jobs.get, jobs.stop):
        with pytest.raises(NotFound):
            ask(TWO, job.id)
    jobs.close()


def test_a_project_cannot_queue_without_end_and_does_not_hinder_others() -> None:
    jobs, first = Jobs(SystemClock()), Steps(2)
    jobs.start(ONE, "a", 2, first)
    first.step()
    for _ in range(MOST_WAITING - 1):
        jobs.start(ONE, "a", 1, Steps(1))
    with pytest.raises(Overloaded):
        jobs.start(ONE, "a", 1, Steps(1))
    assert jobs.start(TWO, "a", 1, Steps(1)).state == "queued"
    for job in jobs.all_of(ONE) + jobs.all_of(TWO):
        jobs.stop(job.project_id, job.id)
    first.step()
    jobs.close()


def test_closing_stops_what_runs() -> None:
    jobs, steps = Jobs(SystemClock()), Steps(5)
    job = jobs.start(ONE, "a", 5, steps)
    steps.step()
    closing = threading.Thread(target=jobs.close)
    closing.start()
    steps.may_go_on.release()
    closing.join(timeout=10)
    assert not closing.is_alive()
    assert jobs.get(ONE, job.id).state == "stopped"
