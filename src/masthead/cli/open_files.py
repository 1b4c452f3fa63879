"""How many files a server may have open at once: a call that streams needs two of them, one for each connection."""

import logging
import resource
from typing import Final

_LOG = logging.getLogger(__name__)
_SPARE: Final = 256
"""For the data folder, the libraries and whatever else is open."""
_MOST: Final = 1_048_576
"""What Linux allows a process unless told otherwise; more is not asked for where the system sets no bound."""
_FEW_CALLS: Final = 1000


def raise_open_files() -> str:
    """Raise the soft limit to the hard one; return what there is room for, in words for whoever starts the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # macOS has a bound of its own below what it says
            wanted = soft
        soft = wanted
    files = _MOST if soft == resource.RLIM_INFINITY else soft
    calls = max(1, (files - _SPARE) // 2)
    line = f"room for {calls:,} calls at a time ({files:,} open files)"
    if calls < _FEW_CALLS:
        _LOG.warning("only %s; raise the hard limit with ulimit -Hn, as root", line)
    return line
