"""What serves a project: built at its first call, kept, rebuilt on changes, let go, and without a database."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Exchange
from masthead.gateway.conduct import Conductor
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.seams import Refused, Seams
from masthead.gateway.tenants import Stored, Tenant, Tenants
from masthead.gateway.upstream.pool import Http1Client
from masthead.model.errors import SettingsError, StoreError
from masthead.model.ids import ProjectId
from masthead.model.stored import SecretId
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

ONE, TWO = ProjectId("one"), ProjectId("two")
CLOCK = FixedClock()


class Kept:
    """Documents in memory, which may be away."""

    def __init__(self) -> None:
        self.given: dict[ProjectId, Stored] = {}
        self.changed: dict[ProjectId, int] = {}
        self.is_away = False
        self.are_documents_away = False
        self.asked = 0
        self.uses: dict[SecretId, int] = {}

    def put(self, project: ProjectId, given: object) -> None:
        before = self.given.get(project)
        self.given[project] = Stored(1 if before is None else before.revision + 1, given)
        self.changed[project] = max(self.changed.values(), default=0) + 1

    def changes(self, since: int) -> tuple[int, Collection[ProjectId]]:
        self._check()
        return max(self.changed.values(), default=0), {one for one, at in self.changed.items() if at > since}

    def document(self, project: ProjectId) -> Stored | None:
        self._check(is_document=True)
        self.asked += 1
        return self.given.get(project)

    def secret(self, which: SecretId) -> str | None:
        self._check()
        return f"of-{which.project_id}" if which.name == "there" else None

    def note_uses(self, uses: Mapping[SecretId, int]) -> None:
        self._check()
        self.uses |= uses

    def _check(self, *, is_document: bool = False) -> None:
        if self.is_away or (is_document and self.are_documents_away):
            raise StoreError("control data is away")


class Nowhere:
    """Keeps nothing."""

    def record(self, *exchanges: Exchange) -> None:
        """Forget them."""


def seams_of(tenant: Tenant) -> Seams:
    return Seams(PolicyRouter(tenant.config, tenant.secrets, tenant.fleet, CLOCK), tenant.recorder)


def tenants_in(folder: Path, documents: Kept, text: str = "", most: int = 1024) -> Tenants:
    (folder / "gateway.toml").write_text(text)
    return Tenants(
        file=folder / "gateway.toml",
        documents=documents,
        make_seams=seams_of,
        make_conductor=lambda config: Conductor(Http1Client(), CLOCK, max_answer_bytes=config.max_answer_bytes),
        environment={"KEY": "sk-1"},
        recorder=Nowhere(),
        clock=CLOCK,
        most=most,
    )


def recording(content: str) -> dict[str, Any]:
    return {"recording": {"content": content}}


def test_a_project_is_built_at_its_first_call_and_asked_for_no_more(tmp_path: Path) -> None:
    documents = Kept()
    documents.put(ONE, recording("off"))
    tenants = tenants_in(tmp_path, documents)
    assert tenants.get(ONE) is None
    first = tenants.loaded(ONE)
    assert tenants.get(ONE) is tenants.loaded(ONE) is first
    assert (first.config.recording.content, first.revision) == ("off", 1)
    tenants.look()
    assert tenants.get(ONE) is first
    assert documents.asked == 1


def test_only_projects_that_changed_are_built_anew_and_keep_how_their_targets_fare(tmp_path: Path) -> None:
    documents = Kept()
    tenants = tenants_in(tmp_path, documents)
    one, two = tenants.loaded(ONE), tenants.loaded(TWO)
    assert one.tenant.fleet is not two.tenant.fleet
    documents.put(TWO, recording("hashed"))
    tenants.look()
    changed = tenants.get(TWO)
    assert tenants.get(ONE) is one
    assert changed is not None
    assert changed.config.recording.content == "hashed"
    assert changed.tenant.fleet is two.tenant.fleet


def test_without_a_database_projects_that_are_ready_go_on_and_others_are_told_to_wait(tmp_path: Path) -> None:
    documents = Kept()
    tenants = tenants_in(tmp_path, documents)
    one = tenants.loaded(ONE)
    documents.is_away = True
    documents.put(ONE, recording("off"))
    tenants.look()
    assert tenants.get(ONE) is one
    with pytest.raises(Refused) as caught:
        tenants.loaded(TWO)
    assert caught.value.status == 503
    assert dict(caught.value.headers)[b"retry-after"]
    documents.is_away = False
    tenants.look()
    assert tenants.loaded(ONE).config.recording.content == "off"
    assert tenants.loaded(TWO).revision == 0


def test_a_change_that_was_seen_while_documents_were_away_is_taken_up_once_they_are_back(tmp_path: Path) -> None:
    documents = Kept()
    tenants = tenants_in(tmp_path, documents)
    one, two = tenants.loaded(ONE), tenants.loaded(TWO)
    documents.put(ONE, recording("off"))
    documents.are_documents_away = True
    tenants.look()
    assert tenants.get(ONE) is one
    documents.are_documents_away = False
    tenants.look()
    assert tenants.loaded(ONE).config.recording.content == "off"
    assert tenants.get(TWO) is two


def test_a_file_that_changed_while_documents_were_away_counts_for_all_once_they_are_back(tmp_path: Path) -> None:
    documents = Kept()
    tenants = tenants_in(tmp_path, documents)
    tenants.loaded(ONE)
    tenants.loaded(TWO)
    documents.is_away = True
    (tmp_path / "gateway.toml").write_text('[recording]\ncontent = "off"\n')
    tenants.look()
    documents.is_away = False
    tenants.look()
    assert [tenants.loaded(project).config.recording.content for project in (ONE, TWO)] == ["off", "off"]


def test_a_gateway_starts_without_a_database(tmp_path: Path) -> None:
    documents = Kept()
    documents.is_away = True
    tenants = tenants_in(tmp_path, documents)
    documents.is_away = False
    assert tenants.loaded(ONE).revision == 0


def test_a_document_that_cannot_be_taken_changes_nothing_and_is_reported(tmp_path: Path) -> None:
    documents = Kept()
    documents.put(ONE, recording("off"))
    tenants = tenants_in(tmp_path, documents)
    before = tenants.loaded(ONE)
    documents.put(ONE, {"routes": [{"model": "m", "targets": [{"connection": "gone"}]}]})
    tenants.look()
    assert tenants.get(ONE) is before
    assert "'gone'" in tenants.faults_of(ONE)[0].message
    documents.put(ONE, recording("full"))
    tenants.look()
    assert tenants.faults_of(ONE) == ()
    assert tenants.loaded(ONE).config.recording.content == "full"


def test_a_project_whose_first_document_cannot_be_taken_is_not_served_by_the_file_alone(tmp_path: Path) -> None:
    documents = Kept()
    documents.put(ONE, {"limits": [{"per": "nobody"}]})
    tenants = tenants_in(tmp_path, documents)
    for _ in range(3):
        with pytest.raises(Refused, match="cannot be taken"):
            tenants.loaded(ONE)
    assert documents.asked == 1  # it is not built again and again
    documents.put(ONE, {})
    tenants.look()
    assert tenants.loaded(ONE).revision == 2


def test_a_file_that_cannot_be_taken_keeps_all_as_it_was(tmp_path: Path) -> None:
    tenants = tenants_in(tmp_path, Kept(), '[connections.c]\nsecret = "env:KEY"\n')
    before = tenants.loaded(ONE)
    for text in ("[[", "limits = 3", '[connections.c]\nsecret = "plain"\n'):
        (tmp_path / "gateway.toml").write_text(text)
        tenants.look()
        assert tenants.get(ONE) is before
        assert [one.where for one in tenants.faults_of(TWO)] == ["gateway.toml"]
    (tmp_path / "gateway.toml").write_text('[recording]\ncontent = "off"\n')
    tenants.look()
    assert tenants.faults_of(ONE) == ()
    assert tenants.loaded(ONE).config.recording.content == "off"


def test_a_gateway_does_not_start_with_a_file_that_cannot_be_taken(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="limits"):
        tenants_in(tmp_path, Kept(), "limits = 3")


def test_a_gateway_starts_without_a_secret_of_its_own_and_warns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tenants = tenants_in(
        tmp_path, Kept(), '[connections.c]\nsecret = "env:NONE"\n[connections.d]\nsecret = "env:KEY"\n'
    )
    assert "connections.c: there is no secret 'env:NONE': set the environment variable NONE and restart" in caplog.text
    assert "connections.d" not in caplog.text
    assert list(tenants.loaded(ONE).config.connections) == ["c", "d"]


def test_a_file_of_a_secret_that_turns_up_changes_or_goes_counts_without_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    tenants = tenants_in(tmp_path, Kept(), f'[connections.c]\nsecret = "file:{secret}"\n')

    def held() -> tuple[str | None, bool]:
        tenants.look()
        step = tenants.loaded(ONE).seams.router.plan(exchange_of({"model": "m"})).next([])
        assert step is not None
        return step.target.connection.secret, step.target.connection.fault is not None

    assert held() == (None, True)
    assert f"write the secret into {secret}, which is read again when it changes" in caplog.text
    secret.write_text("sk-1\n")
    assert held() == ("sk-1", False)
    ready = tenants.get(ONE)
    tenants.look()
    assert tenants.get(ONE) is ready  # nothing changed
    fresh = tmp_path / "fresh"
    fresh.write_text("sk-2\n")
    fresh.replace(secret)  # as secrets are replaced in mounted volumes: the same size, perhaps the same time
    assert held() == ("sk-2", False)
    secret.unlink()
    assert held() == (None, True)
    assert "sk-" not in caplog.text


def test_a_connection_of_the_file_uses_each_projects_own_stored_secret(tmp_path: Path) -> None:
    text = '[connections.c]\nsecret = "stored:there"\n[connections.d]\nsecret = "stored:missing"\n'
    tenants = tenants_in(tmp_path, Kept(), text)
    read = [tenants.loaded(project).tenant.secrets.read("stored:there") for project in (ONE, TWO)]
    assert read == ["of-one", "of-two"]
    with pytest.raises(SettingsError, match="masthead secrets set missing"):
        tenants.loaded(ONE).tenant.secrets.read("stored:missing")


def test_projects_without_calls_are_let_go_where_there_are_many(tmp_path: Path) -> None:
    tenants = tenants_in(tmp_path, Kept(), most=8)
    busy = tenants.loaded(ProjectId("busy"))
    for number in range(100):
        busy.is_used = True  # as a call does
        tenants.loaded(ProjectId(f"p{number}"))
        assert len(tenants.all()) <= 8
        assert tenants.get(ProjectId(f"p{number}")) is not None
    assert tenants.get(ProjectId("busy")) is busy
