"""What handlers take: the services, the caller by the role that the route needs, and ids from the path."""

from typing import Annotated

from fastapi import Depends, Path

from masthead.api.access import Requires, services_of
from masthead.api.services import Services
from masthead.model.access import Caller
from masthead.model.tenancy import Role

With = Annotated[Services, Depends(services_of)]
Viewer = Annotated[Caller, Depends(Requires(Role.VIEWER))]
Annotator = Annotated[Caller, Depends(Requires(Role.ANNOTATOR))]
Editor = Annotated[Caller, Depends(Requires(Role.EDITOR))]
Operator = Annotated[Caller, Depends(Requires(Role.OWNER, is_operator=True))]
Owner = Annotated[Caller, Depends(Requires(Role.OWNER))]

RunIdPath = Annotated[str, Path(alias="run_id", pattern=r"^[0-9a-f]{32}$", description="32 hexadecimal characters.")]
SpanIdPath = Annotated[str, Path(alias="span_id", pattern=r"^[0-9a-f]{16}$", description="16 hexadecimal characters.")]
KeyIdPath = Annotated[str, Path(alias="key_id", pattern=r"^[0-9a-f]{16}$", description="As key lists show it.")]
ViewIdPath = Annotated[str, Path(alias="view_id", pattern=r"^[0-9a-f]{16}$", description="As lists show it.")]
ListIdPath = Annotated[str, Path(alias="list_id", pattern=r"^[0-9a-f]{16}$", description="As lists show it.")]
JobIdPath = Annotated[str, Path(alias="job_id", pattern=r"^[0-9a-f]{16}$", description="As the job's start told it.")]
ProjectIdPath = Annotated[str, Path(alias="project_id", max_length=64)]
UserIdPath = Annotated[str, Path(alias="user_id", min_length=1, max_length=1000)]
