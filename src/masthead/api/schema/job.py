"""Jobs: work that goes on after the answer."""

from masthead.api.schema.base import Output, Time, time_or_none
from masthead.model import job as noun
from masthead.model.times import rfc3339


class Job(Output):
    """How far a job is. `done` of `total` runs are finished; those stay, whatever becomes of the job."""

    id: str
    kind: str
    state: noun.JobState
    done: int
    total: int
    problem: str | None
    """Why it failed."""
    asked: Time
    started: Time | None
    ended: Time | None

    @classmethod
    def of(cls, job: noun.Job) -> "Job":
        """Render a job."""
        return cls.trusted(
            id=job.id,
            kind=job.kind,
            state=job.state,
            done=job.done,
            total=job.total,
            problem=job.problem,
            asked=rfc3339(job.asked_ns),
            started=time_or_none(job.started_ns),
            ended=time_or_none(job.ended_ns),
        )


class Jobs(Output):
    """The project's jobs since the server's start, the latest first."""

    items: list[Job]
