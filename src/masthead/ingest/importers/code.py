"""Code blocks in what agents say, and what running them gave."""

import re
from typing import NamedTuple

_EXIT_CODE = re.compile(r"\s*exitcode: ?(-?\d+)")
_ERROR_LINE = re.compile(
    r"^(?:Traceback \(most recent call last\)|(?:[A-Za-z_][\w.]*)?(?:Error|Exception)(?:: |$))", re.MULTILINE
)


class Coded(NamedTuple):
    """A message taken apart: what is said beside the code, the code, and its language."""

    prose: str
    code: str | None
    language: str


def take_code(text: str) -> Coded:
    """Cut the fenced blocks out of a message; several are joined by an empty line. Linear in the text."""
    if "```" not in text:
        return Coded(text, None, "")
    prose: list[str] = []
    blocks: list[list[str]] = []
    language = ""
    inside = False
    for line in text.split("\n"):
        mark = line.strip()
        if mark.startswith("```"):
            inside = not inside
            if inside:
                blocks.append([])
                language = language or mark[3:].strip().lower()
            continue
        (blocks[-1] if inside else prose).append(line)
    if not blocks:
        return Coded(text, None, "")
    code = "\n\n".join("\n".join(block).strip("\n") for block in blocks)
    said = re.sub(r"\n{3,}", "\n\n", "\n".join(prose)).strip()
    return Coded(said, code, language if re.fullmatch(r"[\w+#.-]{1,20}", language) else "")


def boxed(text: str) -> str | None:
    r"""Return what the last `\boxed{…}` holds, braces within braces included; None where there is none."""
    begin = text.rfind("\\boxed{")
    if begin < 0:
        return None
    begin += len("\\boxed{")
    depth = 1
    for position in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[begin:position]
    return None


def is_execution(text: str) -> bool:
    """Say whether the text is an executor's report, as AutoGen and AG2 write it."""
    return _EXIT_CODE.match(text) is not None


def has_failed(text: str) -> bool:
    """Say whether an execution's output shows failure: its exit code where it gives one, else an error's own words."""
    code = _EXIT_CODE.match(text)
    if code is not None:
        return int(code[1][:9]) != 0
    return _ERROR_LINE.search(text) is not None
