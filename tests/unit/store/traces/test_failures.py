import pytest

from masthead.model.errors import StoreDamaged, StoreError, StoreFull, StoreRefused
from masthead.store.traces.failures import store_error

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Code: 241. DB::Exception: Query memory limit exceeded", StoreRefused),
        ("Code: 131. DB::Exception: Too large string size", StoreRefused),
        ("Code: 210. DB::NetException: Connection refused", StoreError),
        ("Code: 242. DB::Exception: Table is in readonly mode", StoreError),
        ("Error HTTPConnectionPool: Max retries exceeded", StoreError),
        ("Code: 243. DB::Exception: Cannot reserve: NOT_ENOUGH_SPACE", StoreFull),
        ("Code: 40. DB::Exception: Checksum doesn't match", StoreDamaged),
    ],
)
def test_error_says_whether_the_store_is_away_or_refuses_what_it_was_given(message: str, expected: type[StoreError]):
    error = store_error(message, where="'data'")
    assert type(error) is expected
    assert message in str(error)
