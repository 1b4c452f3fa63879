"""What words in a turn give away: guessing, failing, checking, asking, closing. English only, and case-insensitive."""

import re
from typing import Final

GUESSING: Final = re.compile(
    r"\b(assum\w+|hypothetical\w*|simulat\w+|placeholder\w*|example data|sample data|for demonstration|mock\w*|dummy"
    r"|suppose|pretend|let's say|estimate\w*|approximat\w+|typically|likely|probably|known (?:data|information|facts?)"
    r"|my knowledge|general knowledge|manual(?:ly)?)\b",
    re.IGNORECASE,
)
FAILING: Final = re.compile(
    r"\b(unable|cannot|can't|could not|couldn't|not available|unavailable|failed|failure|inaccessible|denied|blocked"
    r"|did not (?:return|yield|provide|find)|no (?:results?|information|output)|unfortunately|issue|error|not found"
    r"|timed? ?out|403|404|captcha|cloudflare|just a moment)\b",
    re.IGNORECASE,
)
CHECKING: Final = re.compile(
    r"\b(verif\w+|validat\w+|confirm\w*|double-check\w*|correct(?:ly)?|accura\w+|agree\w*)\b", re.IGNORECASE
)
ASKING: Final = re.compile(r"\b(please|could you|can you|would you|kindly)\b", re.IGNORECASE)
CLOSING: Final = re.compile(r"TERMINATE|FINAL ANSWER|Request satisfied")
BLOCKED: Final = re.compile(
    r"not a robot|just a moment|cloudflare|captcha|access denied|forbidden|\b40[0-9]\b|page not found|no results"
    r"|violation|error code|can.t be reached|timed out|something went wrong",
    re.IGNORECASE,
)
ERROR_RESULT: Final = re.compile(
    r"exit ?code: [1-9]|Traceback \(most recent call|\w*Error:|error occurred|execution failed", re.IGNORECASE
)
NOTHING_TO_RUN: Final = re.compile(r"no code (?:from the last|block detected)", re.IGNORECASE)
CHECKER_NAME: Final = re.compile(r"verif|valid|check|critic|review|test|judge|audit", re.IGNORECASE)
PLANNING: Final = re.compile(
    r"initial plan|assembled the following team|here is (?:the|an initial) plan", re.IGNORECASE
)
REPLANNING: Final = re.compile(r"re-?plan|new plan|we are working to address the following user request", re.IGNORECASE)
NO_PROGRESS: Final = re.compile(
    r'"is_progress_being_made": ?\{[^}]*"answer": ?false|no progress|not (?:been )?making progress', re.IGNORECASE
)
CODE_FENCE: Final = "```"
