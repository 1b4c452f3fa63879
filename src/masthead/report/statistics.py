"""The statistics of comparisons: intervals, paired tests, corrections and what a comparison could have seen at all.

Small and explicit, on numpy; the tests check each against scipy, statsmodels and hand-worked numbers. Where nothing can
be said (no observations) the answer is None, never NaN.
"""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

CONFIDENCE: Final = 0.95
POWER: Final = 0.8
RESAMPLES: Final = 2_000


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


class Difference(NamedTuple):
    """A difference of two rates (second minus first) with its interval."""

    value: float
    interval: Interval


class Tally(NamedTuple):
    """Successes among attempts."""

    successes: int
    attempts: int


def wilson(successes: int, attempts: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Return Wilson's score interval of a rate (Wilson 1927); None without attempts."""
    if attempts == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rate, scale = successes / attempts, 1 + z * z / attempts
    centre = (rate + z * z / (2 * attempts)) / scale
    half = z * math.sqrt(rate * (1 - rate) / attempts + z * z / (4 * attempts * attempts)) / scale
    return Interval(
        0.0 if successes == 0 else max(0.0, centre - half), 1.0 if successes == attempts else min(1.0, centre + half)
    )


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the two-sided exact p-value for pairs of which these many succeeded on one side only (McNemar 1947).

    Under no difference the discordant pairs fall either way like a fair coin; concordant pairs say nothing.
    """
    discordant = only_first + only_second
    if discordant == 0:
        return 1.0
    tail = sum(math.comb(discordant, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**discordant)


def fisher_exact(first: Tally, second: Tally) -> float:
    """Return Fisher's two-sided exact p-value for two unpaired rates: the chance of tables no likelier than this."""
    successes, attempts = first.successes + second.successes, first.attempts + second.attempts
    low, high = max(0, successes - second.attempts), min(first.attempts, successes)

    def log_chance(k: int) -> float:
        return _log_choose(first.attempts, k) + _log_choose(second.attempts, successes - k)

    whole = _log_choose(attempts, successes)
    own = log_chance(first.successes)
    chances = (log_chance(k) for k in range(low, high + 1))
    return min(1.0, sum(math.exp(chance - whole) for chance in chances if chance <= own + 1e-7))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for looking at all of them (Holm 1979), in the order given."""
    adjusted, running = [0.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = running
    return adjusted


def clustered_difference(
    first: Mapping[Hashable, Tally],
    second: Mapping[Hashable, Tally],
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Difference | None:
    """Return the difference of the pooled rates with a percentile bootstrap interval that resamples whole clusters.

    A cluster is what repeats share, such as the task: runs of one task are alike, and counting them as independent
    makes intervals too narrow. A cluster drawn brings its runs of both sides. None where a side has no attempts.
    """
    clusters = dict.fromkeys([*first, *second])
    empty = Tally(0, 0)
    found = Counter((*first.get(cluster, empty), *second.get(cluster, empty)) for cluster in clusters)
    pairs = dict(sorted(found.items()))
    table, counts = np.array(list(pairs), dtype=np.float64), np.array(list(pairs.values()))
    if not pairs or not (table[:, 1].any() and table[:, 3].any()):
        return None
    sums = counts @ table
    # Clusters of like tallies are drawn together: the same distribution, and memory does not grow with the clusters.
    draws = np.random.default_rng(seed).multinomial(len(clusters), counts / len(clusters), size=resamples)
    drawn = draws @ table
    drawn = drawn[(drawn[:, 1] > 0) & (drawn[:, 3] > 0)]
    differences = drawn[:, 2] / drawn[:, 3] - drawn[:, 0] / drawn[:, 1]
    low, high = np.quantile(differences, [(1 - confidence) / 2, (1 + confidence) / 2])
    value = float(sums[2] / sums[3] - sums[0] / sums[1])
    return Difference(value, Interval(float(low), float(high)))


def detectable_paired(
    pairs: int, discordant: int, *, confidence: float = CONFIDENCE, power: float = POWER
) -> float | None:
    """Return the least difference of rates that so many pairs, so often discordant, show with the given power.

    Solves Connor's (1987) sample size for McNemar's test, n = (z_a √ψ + z_b √(ψ - d²))² / d², for d; ψ is the share of
    discordant pairs. None without pairs; with no discordant pair, that of one such pair.
    """
    if pairs == 0:
        return None
    share = max(discordant, 1) / pairs
    z_alpha, z_beta = NormalDist().inv_cdf(0.5 + confidence / 2), NormalDist().inv_cdf(power)
    low, high = 0.0, math.sqrt(share) if share < 1 else 1.0
    high = min(high, share)
    for _ in range(60):
        middle = (low + high) / 2
        reach = z_alpha * math.sqrt(share) + z_beta * math.sqrt(max(0.0, share - middle * middle))
        low, high = (middle, high) if middle * math.sqrt(pairs) < reach else (low, middle)
    return high


def detectable_unpaired(
    first: Tally, second: Tally, *, confidence: float = CONFIDENCE, power: float = POWER
) -> float | None:
    """Return the least difference of two independent rates that so many attempts show with the given power.

    The normal approximation (z_a + z_b) √(p(1-p)(1/n + 1/m)) at the pooled rate, which is kept off 0 and 1 by half a
    success. None where a side has no attempts.
    """
    if first.attempts == 0 or second.attempts == 0:
        return None
    attempts = first.attempts + second.attempts
    rate = min(max(first.successes + second.successes, 0.5), attempts - 0.5) / attempts
    z = NormalDist().inv_cdf(0.5 + confidence / 2) + NormalDist().inv_cdf(power)
    return min(1.0, z * math.sqrt(rate * (1 - rate) * (1 / first.attempts + 1 / second.attempts)))
