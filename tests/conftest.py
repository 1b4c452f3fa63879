"""What holds for every test."""

from hypothesis import settings

settings.register_profile("masthead", deadline=None)  # no test is timed: the machine may be busy
settings.load_profile("masthead")
