/** A key's limits as rows of a form: one amount, of one kind, in one window of time. */
import type { NewKey } from "@/api/settings";
import type { Keys } from "@/api/types";

export const WINDOWS = ["minute", "hour", "day", "month", "total"] as const;
export type Window = (typeof WINDOWS)[number];
export const KINDS = { cost_usd: "US dollars", requests: "requests", tokens: "tokens" } as const;
export type Kind = keyof typeof KINDS;
export type LimitRow = { amount: string; kind: Kind; window: Window };

type Limit = Keys["items"][number]["limits"][number];
const NAMES = Object.keys(KINDS) as Kind[];

export const EMPTY: LimitRow = { amount: "", kind: "cost_usd", window: "day" };

export function rowsOf(limits: readonly Limit[]): LimitRow[] {
  return limits.flatMap((limit) =>
    NAMES.flatMap((kind) =>
      limit[kind] === null ? [] : [{ amount: String(limit[kind]), kind, window: limit.window }],
    ),
  );
}

/** What is empty limits nothing. */
export function limitsOf(rows: readonly LimitRow[]): NonNullable<NewKey["limits"]> {
  return rows
    .filter(({ amount }) => amount.trim() !== "")
    .map(({ amount, kind, window }) => ({ window, [kind]: kind === "cost_usd" ? amount.trim() : Number(amount) }));
}

export function within(window: Window): string {
  return window === "total" ? "in all" : `a ${window}`;
}
