import type { CodeRow, Lost } from "@/api/schema";
import { count } from "@/formats/numbers";

export type Column = "runs" | "failed" | "succeeded" | "lost" | "spent" | "usd";

export const COLUMNS: ReadonlyArray<{ column: Column; label: string; of: (row: CodeRow) => number }> = [
  { column: "runs", label: "Runs", of: (row) => row.runs },
  { column: "failed", label: "Of failed", of: (row) => row.of_failed ?? -1 },
  { column: "succeeded", label: "Of succeeded", of: (row) => row.of_succeeded ?? -1 },
  { column: "lost", label: "Lost a run", of: (row) => row.mean_share_lost ?? -1 },
  { column: "spent", label: "Spent after", of: (row) => row.lost.tokens_after ?? row.lost.turns_after },
  { column: "usd", label: "Cost after", of: (row) => Number(row.lost.usd_after ?? -1) },
];

/** The rows by a column, largest first; unknown ones last, and equal ones by code. */
export function sorted(rows: readonly CodeRow[], column: Column): CodeRow[] {
  const of = COLUMNS.find((each) => each.column === column)?.of ?? ((row) => row.runs);
  return [...rows].sort((a, b) => of(b) - of(a) || a.code.localeCompare(b.code));
}

/** Tokens where the record has them, turns where it has not. */
export function spentAfter(lost: Lost): string {
  return lost.tokens_after === null ? `${count(lost.turns_after)} turns` : `${count(lost.tokens_after)} tokens`;
}
