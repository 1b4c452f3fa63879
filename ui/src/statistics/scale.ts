/** A linear scale from a domain to 0..100. */
export type Scale = { low: number; high: number; at: (value: number) => number };

export function scale(low: number, high: number): Scale {
  const width = high - low || 1;
  return { low, high, at: (value) => (100 * (Math.min(high, Math.max(low, value)) - low)) / width };
}

/** The least scale about zero, in whole steps, that holds all of these values. */
export function aroundZero(values: readonly number[], step = 0.05): Scale {
  const most = Math.max(step, ...values.map(Math.abs));
  const end = Math.ceil(most / step - 1e-9) * step;
  return scale(-end, end);
}

/** From zero to the next whole step above the largest value, at most 1. */
export function fromZero(values: readonly number[], step = 0.05): Scale {
  const most = Math.max(step, ...values);
  return scale(0, Math.min(1, Math.ceil(most / step - 1e-9) * step));
}

/** A few round values within a scale, its ends included. */
export function ticks({ low, high }: Scale, count = 4): number[] {
  return Array.from({ length: count + 1 }, (_, index) => low + ((high - low) * index) / count);
}
