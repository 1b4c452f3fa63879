"""What every request asks of control data, answered from memory: keys, sessions and projects.

Answers are kept for a few seconds: in this process a change is seen at once (`forget`), in another server on the same
PostgreSQL after `FRESH_S` at the latest.
"""

import hashlib
import logging
from collections.abc import Callable, Generator, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Generic, TypeVar

from masthead.clock import Clock
from masthead.model.errors import NotFound, StoreError
from masthead.model.ids import ProjectId
from masthead.model.tenancy import ApiKey, Project, Redaction
from masthead.store.control import keys, projects
from masthead.store.control.database import Database

FRESH_S = 5.0
"""How long an answer is believed."""
_MOST = 4096
_log = logging.getLogger(__name__)
_TOUCH_NS = 60 * 1_000_000_000
_may_ask: ContextVar[bool] = ContextVar("may_ask", default=True)
"""Whether this caller may wait for the database."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class NotInMemoryError(Exception):
    """The answer must be asked of the database, for which the caller does not wait."""


@contextmanager
def from_memory() -> Generator[None]:
    """Answer from memory alone or raise `NotInMemoryError`: for the event loop, which must not wait for a database."""
    before = _may_ask.set(False)
    try:
        yield
    finally:
        _may_ask.reset(before)


class _Recent(Generic[K, V]):
    """Answers of the last seconds, a bounded number of them.

    The lock guards the dictionary and the count of its clearings: an answer that was asked for before one is not kept.
    """

    def __init__(self, clock: Clock, fresh_s: float) -> None:
        self._clock = clock
        self._fresh_s = fresh_s
        self._lock = Lock()
        self._entries: dict[K, tuple[float, V]] = {}
        self._clearings = 0

    def get(self, key: K, ask: Callable[[], V]) -> V:
        now_s = self._clock.monotonic_s()
        found = self._entries.get(key)
        if found is not None and now_s - found[0] < self._fresh_s:
            return found[1]
        if not _may_ask.get():
            raise NotInMemoryError
        clearings = self._clearings
        value = ask()
        with self._lock:
            if clearings != self._clearings:
                return value
            if len(self._entries) >= _MOST:
                self._entries.clear()
            self._entries[key] = (now_s, value)
        return value

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._clearings += 1


class Directory:
    """Looks up keys by secret, sessions by token and projects by id."""

    def __init__(self, database: Database, clock: Clock, *, fresh_s: float = FRESH_S) -> None:
        self._database = database
        self._clock = clock
        self._keys = _Recent[bytes, ApiKey | None](clock, fresh_s)
        self._sessions = _Recent[bytes, ApiKey | None](clock, fresh_s)
        self._projects = _Recent[ProjectId, Project | None](clock, fresh_s)
        self._closed: set[ProjectId] = set()
        self._later = ThreadPoolExecutor(1, "key-use")

    def key(self, secret: str) -> ApiKey | None:
        """Return the key of this secret where it is usable now."""
        digest = hash_of(secret)
        return self._usable(self._keys.get(digest, lambda: self._key_in_store(digest)))

    def session(self, token: str) -> ApiKey | None:
        """Return the key that the browser with this token logged in with, where both are usable now."""
        digest = hash_of(token)
        return self._usable(self._sessions.get(digest, lambda: self._session_in_store(digest)))

    def project(self, project_id: ProjectId) -> Project:
        """Return the project.

        Raises:
            NotFound: there is none of that id, or it is being deleted.
        """
        if project_id in self._closed:
            raise NotFound(f"no project {project_id!r}; it is being deleted")
        found = self._projects.get(project_id, lambda: self._project_in_store(project_id))
        if found is None:
            raise NotFound(f"no project {project_id!r}; masthead project list names those there are")
        return found

    def redaction_of(self, project_id: ProjectId) -> Redaction:
        """Return what is taken out of the project's texts; what the door asks for every batch."""
        return self.project(project_id).redaction

    @contextmanager
    def closed(self, project_id: ProjectId) -> Generator[None]:
        """Answer meanwhile that there is no such project, so that nothing gets in while it is deleted."""
        self._closed.add(project_id)
        self.forget()
        try:
            yield
        finally:
            self.forget()
            self._closed.discard(project_id)

    def forget(self) -> None:
        """Ask the store again, because keys, sessions or projects have changed."""
        for answers in (self._keys, self._sessions, self._projects):
            answers.clear()

    def close(self) -> None:
        """Finish what is still to be written; before the database is closed."""
        self._later.shutdown()

    def _usable(self, key: ApiKey | None) -> ApiKey | None:
        if key is None or key.revoked_ns is not None:
            return None
        return None if key.expires_ns is not None and key.expires_ns <= self._clock.now_ns() else key

    def _key_in_store(self, digest: bytes) -> ApiKey | None:
        with self._database.reading() as session:
            key = keys.by_secret(session, digest)
        self._note_use(key)
        return key

    def _session_in_store(self, digest: bytes) -> ApiKey | None:
        with self._database.reading() as session:
            key = keys.by_session(session, digest, self._clock.now_ns())
        self._note_use(key)
        return key

    def _project_in_store(self, project_id: ProjectId) -> Project | None:
        with self._database.reading() as session:
            return projects.get(session, project_id)

    def _note_use(self, key: ApiKey | None) -> None:
        """Write down when a key was used, in another thread: who asks may be the event loop, which must not wait."""
        now_ns = self._clock.now_ns()
        if key is not None and self._usable(key) is not None and now_ns - (key.last_used_ns or 0) >= _TOUCH_NS:
            self._later.submit(self._touch, key, now_ns)

    def _touch(self, key: ApiKey, now_ns: int) -> None:
        try:
            with self._database.writing() as session:
                keys.touch(session, key.project_id, key.id, now_ns)
        except StoreError as error:
            _log.warning("the use of key %s was not noted: %s", key.id, error)


def hash_of(secret: str) -> bytes:
    """Return the SHA-256 under which a secret is stored; it has 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
