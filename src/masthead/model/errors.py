"""The one error tree. A message gives the bad value, where it stood and the remedy.

MastheadError
├── InvalidInput            what came in cannot be read; carries `where` (file:line, field)
│   └── TooLarge            it could be read but is over a stated limit
├── NotFound                no such run, project, key, … in this project
├── Conflict                it exists already, or changed in the meantime
├── NotAllowed              the key's role does not permit it
│   └── NotAuthenticated    no key, or an unknown, expired or revoked one
├── Overloaded              try again after `retry_after_s`; nothing was taken
├── StoreError              the store could not do it
│   ├── StoreBusy           another process owns the folder
│   ├── StoreFull           no space, or a read-only folder; nothing was taken
│   ├── StoreDamaged        what is on disk cannot be read as it should
│   └── StoreRefused        the store works, but not with what it was given
├── SettingsError           a setting is missing, unknown or contradicts another
└── UpstreamError           a service we called failed or answered nonsense
"""


class MastheadError(Exception):
    """Base of every error that Masthead raises on purpose."""


class InvalidInput(MastheadError):
    """Say what could not be read and where it stood (`file:line` or a field's path)."""

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class TooLarge(InvalidInput):
    """Readable, but over a stated limit."""


class NotFound(MastheadError):
    """Nothing of that id in this project."""


class Conflict(MastheadError):
    """It exists already, or changed in the meantime."""


class NotAllowed(MastheadError):
    """The caller is known, but its role does not permit this."""


class NotAuthenticated(NotAllowed):
    """No key, or one that is unknown, expired or revoked."""


class Overloaded(MastheadError):
    """Nothing was taken; try again after `retry_after_s` seconds."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreError(MastheadError):
    """The store could not do what was asked."""


class StoreBusy(StoreError):
    """Another process owns the store's folder."""


class StoreFull(StoreError):
    """No space is left, or the folder cannot be written; nothing was taken."""


class StoreDamaged(StoreError):
    """What is on disk cannot be read as it should be."""


class StoreRefused(StoreError):
    """The store works, but could not do it with what it was given; again will hardly help."""


class SettingsError(MastheadError):
    """A setting is missing, unknown, or contradicts another."""


class UpstreamError(MastheadError):
    """A service that Masthead called failed, or answered with nonsense."""
