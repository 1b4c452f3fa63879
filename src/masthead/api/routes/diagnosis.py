"""The diagnosis of one run, made when it is asked for, and of many in a job: no language model is called for either."""

from typing import Final

from fastapi import APIRouter

from masthead.api.routes.taken import Editor, RunIdPath, Viewer, With
from masthead.api.schema.diagnosis import DiagnosesInput, Diagnosis
from masthead.api.schema.job import Job
from masthead.diagnose.stored import diagnose_stored, version
from masthead.model.ids import RunId

router = APIRouter(tags=["runs"])
_MOST_RUNS: Final = 200_000


@router.get("/runs/{run_id}/diagnosis")
def get_diagnosis(services: With, caller: Viewer, run_id: RunIdPath) -> Diagnosis:
    """Say what failed in a run, where it began, how it spread, what it cost and what to change."""
    return Diagnosis.of(services.conversations.diagnosis(caller.project_id, RunId(run_id)))


@router.post("/diagnoses", status_code=202)
def start_diagnoses(services: With, caller: Editor, chosen: DiagnosesInput) -> Job:
    """Diagnose, in a job, the chosen runs that have no diagnosis that still holds; asks no language model."""
    store, project, clock = services.store, caller.project_id, services.clock
    run_ids = store.undiagnosed(project, chosen.filter(), version=version(), limit=_MOST_RUNS)
    job = services.jobs.start(
        project,
        "diagnoses",
        len(run_ids),
        lambda went_on: diagnose_stored(store, project, run_ids, clock, went_on=went_on),
    )
    return Job.of(job)
