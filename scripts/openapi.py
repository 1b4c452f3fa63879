"""Write `openapi.json`, or check that the committed one is what the application says (`--check`)."""

import json
import sys
from pathlib import Path

from masthead.api.app import build_api

COMMITTED = Path(__file__).parent.parent / "openapi.json"


def described() -> str:
    """Return the description as it is committed."""
    return json.dumps(build_api(None).openapi(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check; return the exit code."""
    if "--check" not in sys.argv[1:]:
        COMMITTED.write_text(described(), encoding="utf-8")
        return 0
    if COMMITTED.exists() and COMMITTED.read_text(encoding="utf-8") == described():
        return 0
    print("openapi.json is not what the application says; run python scripts/openapi.py and commit it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
