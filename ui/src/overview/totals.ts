import type { Stat } from "@/api/types";

/** How runs ended, in numbers; `unknown` where the record does not say. */
export type Outcomes = { runs: number; success: number; failure: number; error: number; unknown: number };

export function outcomesOf(rows: readonly Stat[]): Outcomes {
  const sums: Outcomes = { runs: 0, success: 0, failure: 0, error: 0, unknown: 0 };
  for (const { group, runs } of rows) {
    sums.runs += runs;
    if (group === "success" || group === "failure" || group === "error") sums[group] += runs;
    else sums.unknown += runs;
  }
  return sums;
}

/** The share of success among the runs whose outcome is known, with its 95 % Wilson interval; null where none is. */
export function successRate({
  success,
  failure,
  error,
}: Outcomes): { rate: number; low: number; high: number; of: number } | null {
  const of = success + failure + error;
  if (of === 0) return null;
  const z = 1.959964;
  const rate = success / of;
  const centre = (rate + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((rate * (1 - rate)) / of + (z * z) / (4 * of * of));
  return { rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half), of };
}
