"""Where servers listen: one socket, or one for each worker."""

import resource
import select
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from masthead.cli.listening import listener_of, shared_of, sibling_of
from masthead.model.errors import SettingsError
from masthead.settings import Settings

pytestmark = pytest.mark.integration
CONNECTIONS = 64


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections among sockets of one address")
def test_connections_that_come_at_once_are_spread_among_workers_and_none_goes_where_nobody_listens() -> None:
    with ExitStack() as stack:
        shared = stack.enter_context(shared_of(Settings(port=0)))
        workers = [stack.enter_context(sibling_of(shared)) for _ in range(3)]
        for worker in workers[:2]:
            worker.listen(CONNECTIONS)
        for _ in range(CONNECTIONS):
            stack.enter_context(socket.create_connection(shared.getsockname()))
        taken = [_accepted(worker, stack) for worker in workers[:2]]
        assert sum(taken) == CONNECTIONS
        assert min(taken) >= CONNECTIONS // 8  # by the binomial distribution, fewer come once in ten million times
        workers[0].close()
        for _ in range(4):
            stack.enter_context(socket.create_connection(shared.getsockname()))
        assert _accepted(workers[1], stack) == 4


def test_an_address_that_somebody_listens_on_is_not_shared() -> None:
    with listener_of(Settings(port=0)) as other, pytest.raises(SettingsError, match="cannot listen"):
        shared_of(Settings(port=other.getsockname()[1]))


def test_a_server_may_open_as_many_files_as_the_system_lets_it() -> None:
    code = (
        "import resource; hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1];"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard));"
        "from masthead.cli.open_files import raise_open_files; print(raise_open_files());"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30)
    said, soft = done.stdout.splitlines()
    assert int(soft) == min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1_048_576)
    assert f"{int(soft):,} open files" in said


def _accepted(listener: socket.socket, stack: ExitStack) -> int:
    count = 0
    while select.select([listener], [], [], 0.2)[0]:
        stack.enter_context(listener.accept()[0])
        count += 1
    return count
