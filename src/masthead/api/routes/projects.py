"""Projects: listed, made, changed and deleted."""

from fastapi import APIRouter

from masthead.api.access import at_project
from masthead.api.routes.taken import Operator, Owner, ProjectIdPath, Viewer, With
from masthead.api.schema import tenancy as t
from masthead.api.schema.run import Removed
from masthead.govern.projects import tried

router = APIRouter(tags=["projects"])


@router.get("/projects")
def list_projects(services: With, caller: Viewer) -> t.Projects:
    """List the projects that the caller may see: a key its own, the operator all."""
    return t.Projects(items=[t.Project.of(project) for project in services.registry.visible_to(caller)])


@router.post("/projects", status_code=201)
def create_project(services: With, caller: Operator, new: t.NewProject) -> t.Project:
    """Make a project; for the operator alone."""
    return t.Project.of(services.registry.create(caller, new.noun()))


@router.post("/redaction/try")
def try_redaction(_: Owner, trial: t.RedactionTrial) -> t.Redacted:
    """Show what would be taken out of a text; nothing is stored."""
    text, counts = tried(trial.redaction.noun(), trial.text)
    return t.Redacted(text=text, counts=counts)


@router.get("/projects/{project_id}")
def get_project(services: With, caller: Viewer, project_id: ProjectIdPath) -> t.Project:
    """Show a project."""
    return t.Project.of(services.directory.project(at_project(services, caller, project_id).project_id))


@router.patch("/projects/{project_id}")
def change_project(services: With, caller: Owner, project_id: ProjectIdPath, change: t.ProjectChange) -> t.Project:
    """Change a project's name, retention or redaction."""
    return t.Project.of(services.registry.change(at_project(services, caller, project_id), change.noun()))


@router.delete("/projects/{project_id}")
def delete_project(services: With, caller: Owner, project_id: ProjectIdPath) -> Removed:
    """Remove a project with its runs, scores and keys from the disk; its audit entries stay."""
    return Removed.of(services.eraser.project(at_project(services, caller, project_id)))
