"""What a model costs, and the arithmetic: the one place where tokens become money."""

from decimal import Decimal
from typing import NamedTuple


class Rate(NamedTuple):
    """USD for one token; `tiers` are (above so many input tokens, rate), highest first."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def at(self, input_tokens: int) -> Decimal:
        """Return the rate for a call of so many input tokens: a tier applies to all of its tokens."""
        for start, rate in self.tiers:
            if input_tokens > start:
                return rate
        return self.base


class Rates(NamedTuple):
    """USD for one token (or one request) of each kind; None is unknown."""

    input: Rate | None
    output: Rate | None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    request: Decimal = Decimal(0)
    cache_write_hour: Rate | None = None
    """What is kept for an hour; None means that it costs as what is kept for minutes."""
    input_audio: Rate | None = None
    """Sound; None means that it costs as text does."""
    output_audio: Rate | None = None

    def cost_usd(
        self,
        *,
        input_tokens: int,
        output_tokens: int | None,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
        cache_write_hour_tokens: int = 0,
        input_audio_tokens: int = 0,
        output_audio_tokens: int = 0,
    ) -> Decimal | None:
        """Return what a call costs, None where a rate that it needs is unknown.

        `input_tokens` includes the cached ones, which are paid at their own rate and never twice; where the cached ones
        are more, it plainly does not include them. Cached tokens without a rate of their own cost as fresh ones.
        `cache_write_tokens` includes those that are kept for an hour, and those of each side what was sound.
        """
        if self.input is None or (self.output is None and output_tokens):
            return None
        cached = cache_read_tokens + cache_write_tokens
        total = input_tokens if cached <= input_tokens else input_tokens + cached
        fresh = total
        cost = self.request
        hour = min(cache_write_hour_tokens, cache_write_tokens) if self.cache_write_hour is not None else 0
        for tokens, rate in (
            (cache_read_tokens, self.cache_read),
            (cache_write_tokens - hour, self.cache_write),
            (hour, self.cache_write_hour),
        ):
            if tokens and rate is not None:
                fresh -= tokens
                cost += rate.at(total) * tokens
        cost += _of_both(fresh, self.input, input_audio_tokens, self.input_audio, total)
        if output_tokens and self.output is not None:
            cost += _of_both(output_tokens, self.output, output_audio_tokens, self.output_audio, total)
        return cost


def _of_both(tokens: int, rate: Rate, audio_tokens: int, audio_rate: Rate | None, total: int) -> Decimal:
    """Return what text costs together with the sound that is among it."""
    if not audio_tokens or audio_rate is None:
        return rate.at(total) * tokens
    sound = min(audio_tokens, tokens)
    return rate.at(total) * (tokens - sound) + audio_rate.at(total) * sound
