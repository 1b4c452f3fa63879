"""What holds for every test."""

from hypothesis import settings

settings.register_profile("masthead", deadline=None)  # no test is timed: the machine may be busy
settings.load_profile("masthead")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their place: packed ones hold the second they were packed in, and workers must agree on names."""
    return argname if isinstance(val, bytes) else None
