import type { Trend } from "@/api/schema";
import type { Interval } from "@/statistics/text";

export type Point = { at: number; day: string; value: number | null; interval: Interval | null };
export type Line = { name: string; most: number; points: Point[] };

const MOST_CODES = 5;

/** Success and the commonest codes as lines over the stretches that have runs. A code that is absent is at zero. */
export function lines(trends: readonly Trend[]): Line[] {
  const totals = new Map<string, number>();
  for (const { codes } of trends) for (const { code, runs } of codes) totals.set(code, (totals.get(code) ?? 0) + runs);
  const commonest = [...totals].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, MOST_CODES);
  const success = trends.map(({ day, success }, at) => ({
    at,
    day,
    value: success.of_recorded,
    interval: success.of_recorded_interval,
  }));
  return [
    { name: "Success", most: 1, points: success },
    ...commonest.map(([code]) => {
      const points = trends.map(({ day, codes, runs }, at): Point => {
        const found = codes.find((each) => each.code === code);
        return { at, day, value: runs === 0 ? null : (found?.share ?? 0), interval: found?.interval ?? null };
      });
      const highest = Math.max(0.05, ...points.map(({ value, interval }) => interval?.high ?? value ?? 0));
      return { name: code, most: Math.min(1, Math.ceil(highest * 10) / 10), points };
    }),
  ];
}
