"""Sites that the tests of one module share: read much, change little."""

from collections.abc import Iterator

import pytest

from masthead.testing.site import Site, site_in


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on which every request needs a key."""
    with site_in(tmp_path_factory.mktemp("site") / "data", require_keys=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def local_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site as it comes: on loopback, without a login."""
    with site_in(tmp_path_factory.mktemp("local") / "data") as opened:
        yield opened
