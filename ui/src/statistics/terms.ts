import { quote } from "@/runs/query";

const KNOWN = new Set(["system", "model", "agent", "tag", "outcome"]);

/** The query bar's term for a group's value, or null where the list of runs has no such filter. */
export function termOf(key: string, value: string, isMetadata: boolean): string | null {
  if (isMetadata) return /^[\w.-]+$/.test(key) ? `meta.${key}:${quote(value)}` : null;
  return KNOWN.has(key) && !(key === "outcome" && value === "unknown") ? `${key}:${quote(value)}` : null;
}

/** A query with terms added, those that it has already not a second time; null where one of them cannot be written. */
export function narrowed(query: string, ...terms: ReadonlyArray<string | null>): string | null {
  if (terms.includes(null)) return null;
  const added = terms.filter((term) => term !== null && !` ${query} `.includes(` ${term} `));
  return [query.trim(), ...added].filter(Boolean).join(" ");
}
