"""The diagnosis of one run, made when it is asked for: no language model is called, so it costs nothing."""

from fastapi import APIRouter

from masthead.api.routes.taken import RunIdPath, Viewer, With
from masthead.api.schema.diagnosis import Diagnosis
from masthead.detect.registry import suite
from masthead.diagnose.run import diagnose
from masthead.model.ids import RunId

router = APIRouter(tags=["runs"])


@router.get("/runs/{run_id}/diagnosis")
def get_diagnosis(services: With, caller: Viewer, run_id: RunIdPath) -> Diagnosis:
    """Say what failed in a run, where it began, how it spread, what it cost and what to change."""
    _, conversation = services.conversations.get(caller.project_id, RunId(run_id))
    return Diagnosis.of(diagnose(conversation, [suite()]))
