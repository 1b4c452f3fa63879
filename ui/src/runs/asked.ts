import type { RunsFilter } from "@/api/queries";
import { type Parsed, parse } from "./query";
import { resolve } from "./range";

export type Search = { q?: string | undefined; since?: string | undefined; until?: string | undefined };
export type Asked = { parsed: Parsed; filter: RunsFilter; q: string; since?: string; until?: string };

/** What an address asks for: the parsed query, and the filter that the server is sent. */
export function askedBy({ q = "", since, until }: Search, now: number): Asked {
  const parsed = parse(q);
  const [from, to] = [resolve(since, now), resolve(until, now)];
  const filter = { ...parsed.filter, ...(from ? { since: from } : {}), ...(to ? { until: to } : {}) };
  return { parsed, filter, q, ...(since ? { since } : {}), ...(until ? { until } : {}) };
}

/** The same filter, with its words looked for in what runs are about instead of in all that was said: a fast answer. */
export function quickly({ text, ...rest }: RunsFilter): RunsFilter {
  return text === undefined ? rest : { ...rest, about: text };
}
