import type { Facets } from "@/api/types";
import { plural } from "@/formats/numbers";
import { KEYS, quote } from "./query";

export type Suggestion = { insert: string; help: string };

const VALUES_OF: Record<string, keyof Facets> = {
  agent: "agents",
  model: "models",
  system: "systems",
  outcome: "outcomes",
  tag: "tags",
};
const MOST = 8;

/** What could come next at the end of the query: keys while a word is typed, values once it has a colon. */
export function suggestions(query: string, facets: Facets | undefined): Suggestion[] {
  const word = lastWord(query);
  const [key = "", value] = word.split(/:(.*)/s);
  if (value === undefined) return keys(key);
  const of = VALUES_OF[key.toLowerCase()];
  if (of === undefined)
    return KEYS.filter((known) => known.key === key && value === "").map(({ example, help }) => ({
      insert: example,
      help,
    }));
  const wanted = value.replace(/^"/, "").toLowerCase();
  return (facets?.[of] ?? [])
    .filter((item) => item.value.toLowerCase().includes(wanted) && item.value !== value)
    .slice(0, MOST)
    .map((item) => ({ insert: `${key}:${quote(item.value)}`, help: plural(item.runs, "run") }));
}

function keys(start: string): Suggestion[] {
  const wanted = start.toLowerCase();
  return KEYS.filter((known) => known.key.startsWith(wanted)).map(({ key, help }) => ({
    insert: key.endsWith(".") ? key : `${key}:`,
    help,
  }));
}

/** The query with its last word replaced by the suggestion. */
export function complete(query: string, { insert }: Suggestion): string {
  const kept = query.slice(0, query.length - lastWord(query).length);
  return /[:.]$/.test(insert) ? kept + insert : `${kept}${insert} `;
}

function lastWord(query: string): string {
  return /(?:[\w.]+:"[^"]*|\S*)$/.exec(query)?.[0] ?? "";
}
