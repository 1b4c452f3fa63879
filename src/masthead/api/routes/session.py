"""Who the caller is, and browsers that log in with a key."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Request, Response

from masthead import __version__
from masthead.api.access import SESSION_COOKIE, client_of, is_https
from masthead.api.routes.taken import Viewer, With
from masthead.api.schema import tenancy as t
from masthead.govern.exposure import are_keys_required
from masthead.govern.keyring import SESSION_S
from masthead.model.errors import NotAuthenticated

router = APIRouter(tags=["session"])
SessionToken = Annotated[str | None, Cookie(alias=SESSION_COOKIE, include_in_schema=False)]


@router.get("/me")
def get_me(services: With, caller: Viewer) -> t.Me:
    """Say who the caller is and what it may do."""
    return t.Me(
        actor=caller.actor,
        project_id=caller.project_id,
        role=caller.role,
        is_operator=caller.is_operator,
        is_login_required=are_keys_required(services.settings),
        csrf_token=caller.csrf_token,
        version=__version__,
    )


@router.post("/session")
def log_in(services: With, request: Request, response: Response, given: t.SessionInput) -> t.LoggedIn:
    """Log a browser in with a key: the answer sets its cookie and tells the word that its changes must carry."""
    try:
        made = services.keyring.log_in(given.key)
    except NotAuthenticated:
        services.attempts.note(client_of(request))
        raise
    response.set_cookie(
        SESSION_COOKIE,
        made.token.get_secret_value(),
        max_age=SESSION_S,
        path=services.settings.path_prefix or "/",
        secure=is_https(request),
        httponly=True,
        samesite="strict",
    )
    return t.LoggedIn(csrf_token=made.csrf_token)


@router.delete("/session", status_code=204)
def log_out(services: With, response: Response, token: SessionToken = None) -> None:
    """Log the browser out; it is no error where nobody was logged in."""
    if token is not None:
        services.keyring.log_out(token)
    response.delete_cookie(SESSION_COOKIE, path=services.settings.path_prefix or "/")
