/**
 * The query bar's language: `key:value` terms and free text, as one line that is also the address.
 *
 *   outcome:failure agent:Planner cost:>0.10 "out of memory"
 *
 * It maps one to one to the parameters of `GET /api/v1/runs`; what it cannot map is reported, never ignored.
 */
export type Filter = {
  agent?: string;
  model?: string;
  system?: string;
  outcome?: "success" | "failure" | "error";
  has_error?: boolean;
  min_cost_usd?: string;
  max_cost_usd?: string;
  min_tokens?: number;
  max_tokens?: number;
  min_duration_s?: number;
  max_duration_s?: number;
  session_id?: string;
  user_id?: string;
  tag?: string;
  metadata?: string[];
  text?: string;
  about?: string;
  code?: string;
  origin_agent?: string;
  run_id_prefix?: string;
};

export type Term = { key: string; value: string; raw: string };
export type Parsed = { filter: Filter; terms: Term[]; problems: string[] };

const PLAIN = {
  agent: "agent",
  model: "model",
  system: "system",
  session: "session_id",
  user: "user_id",
  tag: "tag",
  code: "code",
  began: "origin_agent",
} as const;
const OUTCOMES = ["success", "failure", "error"] as const;

/** Every key that the bar knows, with what it means: the bar's own help. */
export const KEYS: ReadonlyArray<{ key: string; help: string; example: string }> = [
  { key: "outcome", help: "how the run ended", example: "outcome:failure" },
  { key: "agent", help: "an agent took part", example: "agent:Planner" },
  { key: "system", help: "the agent system", example: "system:AG2" },
  { key: "model", help: "a model answered", example: "model:gpt-4o" },
  { key: "code", help: "a failure mode was found", example: "code:FM-1.3" },
  { key: "began", help: "the failure began with an agent", example: "began:Planner" },
  { key: "has", help: "a span failed", example: "has:error" },
  { key: "cost", help: "US dollars", example: "cost:>0.10" },
  { key: "tokens", help: "input and output", example: "tokens:>10000" },
  { key: "duration", help: "ms, s, m or h", example: "duration:>30s" },
  { key: "tag", help: "a tag", example: "tag:nightly" },
  { key: "session", help: "session id", example: "session:abc" },
  { key: "user", help: "end user's id", example: "user:42" },
  { key: "id", help: "the run's id, or how it begins", example: "id:3fa9c1" },
  { key: "meta.", help: "metadata, by its key", example: "meta.design:topology" },
];

const TOKEN = /([a-z]+(?:\.[\w.-]+)?):("(?:[^"\\]|\\.)*"|\S*)|"((?:[^"\\]|\\.)*)"|(\S+)/gi;

export function parse(query: string): Parsed {
  const parsed: Parsed = { filter: {}, terms: [], problems: [] };
  const words: string[] = [];
  for (const [raw, key, value, quoted, word] of query.matchAll(TOKEN)) {
    if (key === undefined) words.push(quoted !== undefined ? unquote(quoted) : (word ?? ""));
    else if (!isKey(key)) words.push(raw);
    else term(parsed, { key: key.toLowerCase(), value: unquote(strip(value ?? "")), raw });
  }
  const text = words.join(" ").trim();
  if (text) parsed.filter.text = text;
  return parsed;
}

function isKey(key: string): boolean {
  const lower = key.toLowerCase();
  return lower.startsWith("meta.") || KEYS.some((known) => known.key === lower);
}

function term(parsed: Parsed, found: Term): void {
  if (found.value === "") return;
  const problem = apply(parsed.filter, found);
  if (problem) parsed.problems.push(problem);
  else parsed.terms.push(found);
}

function apply(filter: Filter, { key, value }: Term): string | null {
  if (key.startsWith("meta.")) {
    filter.metadata = [...(filter.metadata ?? []), `${key.slice(5)}=${value}`];
    return null;
  }
  if (key in PLAIN) {
    filter[PLAIN[key as keyof typeof PLAIN]] = value;
    return null;
  }
  if (key === "has") return hasError(filter, value);
  if (key === "id") return runId(filter, value);
  if (key === "outcome") return outcome(filter, value);
  return bounds(filter, key as "cost" | "tokens" | "duration", value);
}

function hasError(filter: Filter, value: string): string | null {
  if (value !== "error") return `has:${value} is not known; try has:error`;
  filter.has_error = true;
  return null;
}

function runId(filter: Filter, value: string): string | null {
  if (!/^[0-9a-f]{1,32}$/i.test(value)) return `id:${value} is not the beginning of an id; it has only 0-9 and a-f`;
  filter.run_id_prefix = value.toLowerCase();
  return null;
}

function outcome(filter: Filter, value: string): string | null {
  const known = OUTCOMES.find((name) => name === value);
  if (!known) return `outcome:${value} is not known; try ${OUTCOMES.join(", ")}`;
  filter.outcome = known;
  return null;
}

const BOUND = /^(>=?|<=?)?\$?(\d+(?:\.\d+)?)(ms|s|m|h|k)?$/;
const UNIT_S: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };

function bounds(filter: Filter, key: "cost" | "tokens" | "duration", value: string): string | null {
  const found = BOUND.exec(value);
  if (!found?.[2]) return `${key}:${value} is not a bound; try ${key}:>10`;
  const [, sign = ">", digits, unit = ""] = found;
  const side = sign.startsWith("<") ? "max" : "min";
  if (key === "cost") filter[`${side}_cost_usd`] = digits;
  else if (key === "tokens")
    filter[`${side}_tokens`] = Math.round(Number(digits) * (unit === "k" ? 1000 : unit === "m" ? 1e6 : 1));
  else filter[`${side}_duration_s`] = Number(digits) * (UNIT_S[unit] ?? 1);
  return null;
}

function strip(value: string): string {
  return value.startsWith('"') && value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value;
}

function unquote(text: string): string {
  return text.replace(/\\(["\\])/g, "$1");
}

export function quote(value: string): string {
  return /[\s":]/.test(value) || value === "" ? `"${value.replace(/(["\\])/g, "\\$1")}"` : value;
}

/** The query with this term added, or taken out if it is there already; another value of the same key is replaced. */
export function toggle(query: string, key: string, value: string): string {
  const wanted = `${key}:${quote(value)}`;
  const present = parse(query).terms.filter((found) => found.key === key);
  const without = present
    .reduce((rest, found) => rest.replace(found.raw, ""), query)
    .replace(/\s+/g, " ")
    .trim();
  const isThere = present.some((found) => found.value === value);
  return isThere ? without : `${without} ${wanted}`.trim();
}

export function has(query: string, key: string, value: string): boolean {
  return parse(query).terms.some((found) => found.key === key && found.value === value);
}
