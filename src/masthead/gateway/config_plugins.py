"""The part of the gateway's configuration that is about content: what may be said to models, and by them."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from masthead.gateway.config_part import Part
from masthead.ingest.sensitive import checked
from masthead.model.errors import InvalidInput

PersonalKind = Literal["email", "phone", "iban", "card", "ip", "secret"]
PatternName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,15}$")]
Action = Literal["block", "correct", "record"]
Where = Literal["request", "response", "both"]
Mask = Annotated[str, StringConstraints(pattern=r'^[^"\\\x00-\x1f]{0,64}$')]
"""Stands in JSON text as it is."""

ALL_KINDS: Final[tuple[PersonalKind, ...]] = ("email", "phone", "iban", "card", "ip", "secret")


class PluginPart(Part):
    """What all plugins share."""

    models: tuple[str, ...] = ()
    """Models and routes that it holds for, in whichever case; `*` stands for anything. Empty means all. A model
    is meant however a call reaches it: by a route, as `CONNECTION/MODEL`, or with a date behind its name."""

    if_broken: Literal["allow", "refuse"] = "refuse"
    """What happens to a call where the plugin itself fails: `allow` lets it pass as it is."""


class PersonalDataConfig(PluginPart):
    """Personal data and keys, replaced by placeholders on the way out and put back into the answer."""

    kind: Literal["pii"]

    on: Action = "correct"
    """`correct` replaces them, `block` refuses the call or the answer, `record` only notes their kinds."""

    at: Where = "request"
    """Where they are looked for. In answers, what the caller did not send itself is masked for good."""

    find: tuple[PersonalKind, ...] = ALL_KINDS
    """What is looked for."""

    patterns: dict[PatternName, str] = Field(default_factory=dict, max_length=32)
    """Patterns of your own (RE2), by a name of lower-case letters and digits."""

    record: Literal["placeholders", "original"] = "placeholders"
    """What traces keep: the placeholders, or what was said."""

    @field_validator("patterns")
    @classmethod
    def _check_patterns(cls, value: dict[str, str]) -> dict[str, str]:
        return _usable(value)

    @model_validator(mode="after")
    def _check_names(self) -> "PersonalDataConfig":
        if not self.find and not self.patterns:
            raise ValueError("looks for nothing: name kinds in `find`, or patterns")
        taken = {*ALL_KINDS, "literal"} & self.patterns.keys()
        if taken:
            raise ValueError(f"the pattern {min(taken)!r} has the name of a kind; give it another one")
        return self


class BannedConfig(PluginPart):
    """Words and patterns that may not be said."""

    kind: Literal["banned"]

    on: Action = "block"
    """`block` refuses the call or ends the answer, `correct` masks them, `record` only notes it."""

    at: Where = "both"
    """Where they are looked for."""

    words: tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...] = Field(
        default=(), max_length=5000
    )
    """Words and phrases, in whichever case; not as a part of longer words."""

    patterns: dict[PatternName, str] = Field(default_factory=dict, max_length=100)
    """Patterns (RE2), by a name of lower-case letters and digits."""

    longest: int = Field(default=128, ge=16, le=4096)
    """What a pattern matches, in characters at most, in answers that are streamed: so much is held back there."""

    mask: Mask = "***"
    """What stands for them, where they are masked."""

    @field_validator("patterns")
    @classmethod
    def _check_patterns(cls, value: dict[str, str]) -> dict[str, str]:
        return _usable(value)

    @model_validator(mode="after")
    def _check_any(self) -> "BannedConfig":
        if not self.words and not self.patterns:
            raise ValueError("bans nothing: name words or patterns")
        return self


class JsonConfig(PluginPart):
    """Answers that are to be JSON, because the caller asked for it."""

    kind: Literal["json"]

    on: Action = "correct"
    """`correct` repairs what does not fit and refuses what cannot be repaired, which holds streams back to their end;
    `block` refuses what does not fit; `record` only notes it."""

    asks_again: bool = False
    """Whether a model is asked once more, with the faults, before an answer is refused; it costs a second call. Not for
    streams."""

    tools: bool = True
    """Whether arguments of tool calls are held to the tool's schema too."""


class MaxOutputConfig(PluginPart):
    """How long an answer may become."""

    kind: Literal["max_output"]

    on: Action = "correct"
    """`correct` lowers the limit that the call asks for, and ends a longer answer there, as its model would; `block`
    refuses it; `record` only notes it."""

    tokens: int | None = Field(default=None, ge=1)
    """Tokens. The model is held to them; of a stream, its pieces are counted, of which there are never more."""

    characters: int | None = Field(default=None, ge=1)
    """Characters, of text and of arguments together."""

    if_broken: Literal["allow", "refuse"] = "allow"
    """What happens to a call where the plugin itself fails: `allow` lets it pass as it is."""

    @model_validator(mode="after")
    def _check_any(self) -> "MaxOutputConfig":
        if self.tokens is None and self.characters is None:
            raise ValueError("bounds nothing: set tokens or characters")
        return self


PluginConfig = Annotated[PersonalDataConfig | BannedConfig | JsonConfig | MaxOutputConfig, Field(discriminator="kind")]


def _usable(patterns: dict[str, str]) -> dict[str, str]:
    for name, pattern in patterns.items():
        try:
            checked(pattern, f"patterns.{name}")
        except InvalidInput as error:
            raise ValueError(str(error)) from error
    return patterns
