import type { Compared } from "@/api/reports";

export type Mode = "key" | "groups" | "periods";
export type Search = {
  by?: string | undefined;
  first?: string | undefined;
  second?: string | undefined;
  within?: string | undefined;
};

const PERIOD = /^(?:since=\d{4}-\d\d-\d\d)?(?:,?until=\d{4}-\d\d-\d\d)?$/;

/** How the address compares: all values of a key, two named groups, or two periods. */
export function modeOf({ first, second }: Search): Mode {
  if (first === undefined && second === undefined) return "key";
  return [first, second].every((group) => group === undefined || PERIOD.test(group)) ? "periods" : "groups";
}

/** What the server is asked, or null while something is still to be chosen. */
export function compared(search: Search, by: string | undefined, within: string | undefined): Compared | null {
  const inside = within ? { within } : {};
  if (modeOf(search) === "key") return by ? { by, ...inside } : null;
  const { first, second } = search;
  return first && second && first !== second ? { group: [first, second], ...inside } : null;
}

/** A group's key and value; a value may hold an equals sign, a key may not. */
export function pair(group: string | undefined): { key: string; value: string } | null {
  const at = group?.indexOf("=") ?? -1;
  return group === undefined || at < 1 ? null : { key: group.slice(0, at), value: group.slice(at + 1) };
}

export type Period = { since: string; until: string };

export function periodOf(group: string | undefined): Period {
  const parts = new Map((group ?? "").split(",").map((part) => part.split("=") as [string, string]));
  return { since: parts.get("since") ?? "", until: parts.get("until") ?? "" };
}

export function periodText({ since, until }: Period): string | undefined {
  const text = [since ? `since=${since}` : "", until ? `until=${until}` : ""].filter(Boolean).join(",");
  return text || undefined;
}

const GOOD = ["design", "variant", "version", "system", "model"];

/** By what to compare where the address does not say: a key that tells these runs apart, designs before models. */
export function usualKey(keys: ReadonlyArray<{ key: string; values: number }>): string | undefined {
  const several = keys.filter(({ values }) => values > 1 && values <= 12).map(({ key }) => key);
  return GOOD.find((key) => several.includes(key)) ?? several.find((key) => !["outcome", "ending"].includes(key));
}

/** Within what to compare where the address does not say: runs of different models are not alike. */
export function usualWithin(
  keys: ReadonlyArray<{ key: string; values: number }>,
  by: string | undefined,
): string | undefined {
  const hasModels = keys.some(({ key, values }) => key === "model" && values > 1 && values <= 6);
  return hasModels && by !== undefined && by !== "model" ? "model" : undefined;
}

/** Two periods to begin with: before and since the middle one of the days that have runs. Null where there are not two. */
export function halves(days: readonly string[]): { first: string; second: string } | null {
  const middle = days[Math.floor(days.length / 2)];
  return middle === undefined || days.length < 2 ? null : { first: `until=${middle}`, second: `since=${middle}` };
}
