"""A whole application on real stores, with two projects, a key of each role in each, and runs in both."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from masthead.api.services import Services
from masthead.conversation import spans_of
from masthead.ingest.door import Door
from masthead.model.access import Caller
from masthead.model.conversation import Act, Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, ProjectId, RunId
from masthead.model.tenancy import Project, Role
from masthead.settings import Settings
from masthead.wiring import opened

NOW_NS = 1_795_000_000_000_000_000
OPERATOR = Caller(actor="test", project_id=ProjectId("default"), role=Role.OWNER, is_operator=True)


@dataclass(frozen=True)
class Site:
    """The application and the keys to it."""

    client: TestClient
    services: Services
    door: Door
    keys: dict[tuple[str, str], str]
    """Secrets by project and role."""

    def ask(self, method: str, path: str, key: str | None = None, **options: Any) -> Any:
        """Send a request with a key, and without what an earlier answer put into the cookies."""
        self.client.cookies.clear()
        headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {key}"} if key else {})}
        return self.client.request(method, path, headers=headers, **options)

    def key(self, project: str, role: str = "owner") -> str:
        """Return the secret of the project's key of that role."""
        return self.keys[project, role]


def run_id(number: int) -> RunId:
    """Return the id of the run of that number."""
    return RunId(f"{number:032x}")


def conversation(number: int, *, marker: str = "", turns: int = 4, user: str | None = None) -> Conversation:
    """Return a small run: a planner hands work to a writer. `marker` is said in it, so that leaks show."""
    planner, writer = AgentId("planner"), AgentId("writer")
    said = tuple(
        Turn(
            index=index,
            speaker=planner if index % 2 == 0 else writer,
            addressees=(writer if index % 2 == 0 else planner,),
            act=Act.HANDOFF if index == 0 else Act.MESSAGE,
            text=f"turn {index} of {number} {marker}",
            model="gpt-4o" if index == 1 else None,
            input_tokens=10 if index == 1 else None,
            output_tokens=5 if index == 1 else None,
        )
        for index in range(turns)
    )
    return Conversation(
        run_id=run_id(number),
        system="TestTeam",
        task=f"task {number} {marker}",
        turns=said,
        agents=(Agent(id=planner, name="Planner"), Agent(id=writer, name="Writer")),
        ending=Ending(kind=EndingKind.COMPLETED),
        is_success=number % 2 == 0,
        user_id=user,
        session_id=f"session-{number}",
        tags=("nightly",),
        metadata={"seed": str(number)},
    )


def put(door: Door, project: str, *conversations: Conversation) -> None:
    """Bring runs in through the door, and wait until they can be read."""
    for at, one in enumerate(conversations):
        door.accept(ProjectId(project), spans_of(one, start_ns=NOW_NS + at * 1_000_000_000))
    door.flush()


@contextmanager
def site_in(folder: Path, **settings: Any) -> Generator[Site, None, None]:
    """Open an application in the folder, with the settings given, and fill it."""
    with opened(Settings(data_dir=folder, **settings)) as application:
        services = application.services
        keys = dict[tuple[str, str], str]()
        for name in ("one", "two"):
            services.registry.create(OPERATOR, Project(id=ProjectId(name), name=name, created_ns=0))
            caller = Caller(actor="test", project_id=ProjectId(name), role=Role.OWNER, is_operator=True)
            for role in Role:
                made = services.keyring.create(caller, name=role.value, role=role)
                keys[name, role.value] = made.secret.get_secret_value()
        put(application.door, "one", *(conversation(n, marker="s3cr3t-one", user="u/1") for n in range(1, 6)))
        put(application.door, "two", *(conversation(n, marker="s3cr3t-two", user="u/1") for n in range(11, 13)))
        keys["*", "operator"] = application.operator_token
        with TestClient(
            application.asgi,
            base_url="http://127.0.0.1:8765",
            client=("127.0.0.1", 50_000),
            raise_server_exceptions=False,
        ) as client:
            yield Site(client, services, application.door, keys)
