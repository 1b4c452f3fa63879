"""Jobs: how far they are, and stopping them."""

from fastapi import APIRouter

from masthead.api.routes.taken import Editor, JobIdPath, Viewer, With
from masthead.api.schema.job import Job, Jobs

router = APIRouter(tags=["jobs"])


@router.get("/jobs")
def list_jobs(services: With, caller: Viewer) -> Jobs:
    """List the project's jobs since the server's start, the latest first."""
    return Jobs.trusted(items=[Job.of(job) for job in services.jobs.all_of(caller.project_id)])


@router.get("/jobs/{job_id}")
def get_job(services: With, caller: Viewer, job_id: JobIdPath) -> Job:
    """Say how far a job is."""
    return Job.of(services.jobs.get(caller.project_id, job_id))


@router.delete("/jobs/{job_id}")
def stop_job(services: With, caller: Editor, job_id: JobIdPath) -> Job:
    """Stop a job after the step that it is at; what it finished stays."""
    return Job.of(services.jobs.stop(caller.project_id, job_id))
