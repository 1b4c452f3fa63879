"""Who may call the gateway that runs alone."""

from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Identity
from masthead.gateway.identity import ByKey, Remembered
from masthead.govern.exposure import is_loopback
from masthead.model.errors import NotAllowed, NotAuthenticated
from masthead.model.ids import ProjectId
from masthead.model.tenancy import ApiKey, Role

pytestmark = pytest.mark.unit


def key(role: Role = Role.EDITOR) -> ApiKey:
    return ApiKey(id="k1", project_id=ProjectId("one"), name="n", role=role, prefix="mh_", created_ns=0)


def scope(client: str = "127.0.0.1", host: str = "localhost:1", **headers: str) -> dict[str, Any]:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"method": "POST", "client": (client, 5), "headers": [(b"host", host.encode()), *given]}


def by_key(*, required: bool, found: ApiKey | None = None, failures: list[str] | None = None) -> ByKey:
    return ByKey(
        lambda secret: found if secret == "mh_good" else None,
        are_keys_required=required,
        is_loopback=is_loopback,
        note_failure=(failures if failures is not None else []).append,
    )


@pytest.mark.parametrize("name", ["authorization", "x_api_key", "api_key"])
async def test_a_key_is_found_wherever_clients_put_it(name: str) -> None:
    value = "Bearer mh_good" if name == "authorization" else "mh_good"
    assert await by_key(required=True, found=key())(scope(**{name: value})) == Identity(ProjectId("one"), "k1", "n")


async def test_an_unknown_key_is_refused_and_counted() -> None:
    failures: list[str] = []
    with pytest.raises(NotAuthenticated):
        await by_key(required=True, failures=failures)(scope(x_api_key="mh_bad"))
    with pytest.raises(NotAuthenticated):
        await by_key(required=True)(scope())
    assert failures == ["127.0.0.1"]


async def test_a_readers_key_and_another_projects_name_are_refused() -> None:
    with pytest.raises(NotAllowed, match="role"):
        await by_key(required=True, found=key(Role.VIEWER))(scope(x_api_key="mh_good"))
    with pytest.raises(NotAllowed, match="belongs to"):
        await by_key(required=True, found=key())(scope(x_api_key="mh_good", x_masthead_project="two"))


@pytest.mark.parametrize(
    "asked",
    [
        scope(client="192.0.2.7"),
        scope(host="evil.example"),
        scope(host="["),
        scope(host="]:80"),
        scope(origin="http://["),
        scope(origin="https://evil.example"),
        scope(sec_fetch_site="cross-site"),
        scope(x_forwarded_for="203.0.113.9"),
    ],
    ids=[
        "another machine",
        "rebound name",
        "no host",
        "no host either",
        "no origin",
        "another origin",
        "another site",
        "by a proxy",
    ],
)
async def test_without_keys_only_this_machine_is_served_and_no_foreign_page(asked: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed):
        await by_key(required=False)(asked)


async def test_without_keys_another_products_key_is_no_hindrance_but_a_wrong_one_of_ours_is() -> None:
    open_door = by_key(required=False)
    assert (await open_door(scope(authorization="Bearer sk-other"))).key_id is None
    with pytest.raises(NotAuthenticated):
        await open_door(scope(authorization="Bearer mh_wrong"))


async def test_an_answer_is_believed_for_a_second_and_never_for_another_request() -> None:
    clock, asked = FixedClock(), list[Any]()

    async def ask(given: Any) -> Identity:
        asked.append(given)
        return Identity(ProjectId("one"))

    remembered = Remembered(ask, clock)
    for wanted in (scope(x_api_key="a"), scope(x_api_key="a"), scope(x_api_key="b"), scope("10.0.0.1", x_api_key="a")):
        await remembered(wanted)
    await remembered({**scope(x_api_key="a"), "method": "GET"})
    assert len(asked) == 4
    clock.advance(1.5)
    await remembered(scope(x_api_key="a"))
    assert len(asked) == 5


async def test_a_refusal_is_never_remembered() -> None:
    answers = [NotAuthenticated("no"), Identity(ProjectId("one"))]

    async def ask(_given: Any) -> Identity:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    remembered = Remembered(ask, FixedClock())
    with pytest.raises(NotAuthenticated):
        await remembered(scope(x_api_key="a"))
    assert (await remembered(scope(x_api_key="a"))).project == "one"


async def test_only_who_called_within_a_second_is_remembered() -> None:
    clock = FixedClock()

    async def ask(_given: Any) -> Identity:
        return Identity(ProjectId("one"))

    remembered = Remembered(ask, clock)
    for number in range(100):
        await remembered(scope(x_api_key=f"key-{number}"))
        clock.advance(0.1)
    assert remembered.count <= 11
