"""Every example in the README and the docs works: Python blocks run, `masthead` commands exist with their options."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from masthead.cli.main import app

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(?P<language>\w+)(?P<info>[^\n]*)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)


def _blocks(language: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for page in PAGES:
        blocks = _BLOCK.finditer(page.read_text(encoding="utf-8"))
        chosen = (block for block in blocks if block["language"] == language and "not-run" not in block["info"])
        found.extend((str(page.relative_to(ROOT)), block["code"]) for block in chosen)
    return found


@pytest.mark.parametrize(("page", "code"), _blocks("python"))
def test_python_example_runs(page: str, code: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, f"{page}: {ran.stderr}"


def _commands() -> list[tuple[str, str]]:
    lines = [
        (page, line.strip().removeprefix("$ "))
        for language in ("bash", "console", "sh")
        for page, code in _blocks(language)
        for line in code.replace("\\\n", " ").splitlines()
    ]
    return [(page, line) for page, line in lines if line.startswith("masthead ")]


@pytest.mark.parametrize(("page", "line"), _commands())
def test_command_example_exists(page: str, line: str) -> None:
    words = shlex.split(line.split("|", maxsplit=1)[0].split(">", maxsplit=1)[0], comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        options = {name: option for option in command.params for name in option.opts}
        while words and words[0] in options:
            words = words[1:] if options[words[0]].is_flag or "=" in words[0] else words[2:]
        if not words:
            return
        assert words[0] in command.commands, f"{page}: no command {words[0]!r} in {line!r}"
        command, words = command.commands[words[0]], words[1:]
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)} | {"--help"}
    given = {word.split("=", maxsplit=1)[0] for word in words if word.startswith("-") and word != "-"}
    assert given <= known, f"{page}: {line!r}"
