import type { Bucket } from "@/api/queries";
import type { Stat } from "@/api/types";
import { BUCKET_MS } from "./range";

export type Bar = { start: number; total: number; parts: Record<string, number> };

/** A run or two should not fill the whole plot: quiet time is shown before them. */
const FEWEST_BARS = 40;

/** Bars without gaps from rows of (time, outcome): a quiet hour is an empty bar, not a missing one. */
export function bars(rows: readonly Stat[], bucket: Exclude<Bucket, "total">, since?: number, until?: number): Bar[] {
  const width = BUCKET_MS[bucket];
  const byStart = new Map<number, Bar>();
  for (const row of rows) {
    const start = Date.parse(row.start);
    const bar = byStart.get(start) ?? { start, total: 0, parts: {} };
    bar.total += row.runs;
    const part = row.group || "unknown";
    bar.parts[part] = (bar.parts[part] ?? 0) + row.runs;
    byStart.set(start, bar);
  }
  const starts = [...byStart.keys()].sort((a, b) => a - b);
  const anchor = starts[0];
  if (anchor === undefined) return [];
  const first = since === undefined ? anchor : Math.min(anchor, anchor - Math.floor((anchor - since) / width) * width);
  const last = Math.max(starts.at(-1) ?? anchor, until === undefined ? Number.NEGATIVE_INFINITY : until - width);
  const filled: Bar[] = [];
  const earliest = Math.min(first, last - (FEWEST_BARS - 1) * width);
  for (let start = since === undefined ? earliest : first; start <= last && filled.length < 2000; start += width) {
    filled.push(byStart.get(start) ?? { start, total: 0, parts: {} });
  }
  return filled;
}
