"""What a process tells of calls holds no more of end users than its project lets be recorded."""

import pytest

from masthead.gateway.config_routes import RecordingConfig
from masthead.gateway.seen import CallSeen, TargetSeen
from masthead.gateway.shown import Shown, no_redaction
from masthead.gateway.status import ProjectSeen
from masthead.model.errors import StoreError
from masthead.model.ids import ProjectId
from masthead.model.tenancy import Redaction

pytestmark = pytest.mark.unit

PROJECT = ProjectId("one")
USER = "anna@example.com"


def seen() -> ProjectSeen:
    call = CallSeen(
        run_id="0" * 32, span_id="1" * 16, start_ns=1, endpoint="chat", user=USER, agent=f"for {USER}",
        model_asked="m", error=f"no {USER}",
    )  # fmt: skip
    return ProjectSeen(
        under_way=[call], latest=[call], targets=[TargetSeen(connection="c", model="m", last_error=f"no {USER}")]
    )


def users(shown: ProjectSeen) -> set[str | None]:
    return {call.user for call in (*shown.under_way, *shown.latest)}


def test_where_all_is_recorded_all_is_shown() -> None:
    assert Shown(no_redaction).of(PROJECT, seen(), RecordingConfig()) == seen()


def test_users_are_hashed_or_left_out_where_the_recording_is() -> None:
    (hashed,) = users(Shown(no_redaction).of(PROJECT, seen(), RecordingConfig(content="hashed")))
    assert hashed is not None and hashed.startswith("sha256:") and USER not in hashed
    assert users(Shown(no_redaction).of(PROJECT, seen(), RecordingConfig(content="off"))) == {None}
    assert users(Shown(no_redaction).of(PROJECT, seen(), None)) == {None}


def test_what_the_project_redacts_is_in_no_text() -> None:
    shown = Shown(lambda _project: Redaction(is_on=True)).of(PROJECT, seen(), RecordingConfig())
    assert users(shown) == {"[redacted:email]"}
    assert USER not in repr(shown)


def test_while_nobody_can_say_what_is_redacted_what_was_known_holds_and_nothing_is_shown_without() -> None:
    answers: list[Redaction | None] = [None, Redaction(is_on=True), None]

    def redaction_of(_project: ProjectId) -> Redaction:
        found = answers.pop(0)
        if found is None:
            raise StoreError("control data is away")
        return found

    watched = Shown(redaction_of)
    told = [users(watched.of(PROJECT, seen(), RecordingConfig())) for _ in range(3)]
    assert told == [{"[not shown]"}, {"[redacted:email]"}, {"[redacted:email]"}]
