/** What can be set, in words. Anything that is not here stands in the document view. */

export type Field = {
  name: string;
  label: string;
  help?: string;
  /** `pairs` is an object of texts by name; `connection` names one of those that there are. */
  kind: "text" | "number" | "money" | "list" | "choice" | "check" | "pairs" | "connection";
  choices?: ReadonlyArray<{ value: string; word: string }>;
  placeholder?: string;
  /** What holds where nothing is chosen, for values that the server cannot be asked for. */
  otherwise?: string | boolean;
  /** What the two sides of pairs are called. */
  sides?: readonly [string, string];
  /** Shown only when asked for: few people need it. */
  isRare?: boolean;
};

const choices = (...pairs: ReadonlyArray<readonly [string, string]>) => pairs.map(([value, word]) => ({ value, word }));

/** Of a connection's answers, or of one target's. */
const TIMES: Field[] = [
  { name: "first_byte_s", label: "The first byte may take, seconds", kind: "number" },
  { name: "between_chunks_s", label: "A stream may be silent, seconds", kind: "number" },
  { name: "whole_s", label: "An answer may take, seconds", kind: "number" },
];

export const CONNECTION: Field[] = [
  { name: "base_url", label: "Address", kind: "text", help: "With its version. Empty means the provider's own." },
  {
    name: "models",
    label: "Models",
    kind: "list",
    placeholder: "any",
    help: "Names that calls may use for it, by commas. Empty means any that no other connection names.",
  },
  {
    name: "allow_networks",
    label: "Private networks",
    kind: "list",
    placeholder: "none",
    help: "Where the address is not public: a range such as 10.0.0.0/8, or loopback. The server's operator permits them.",
    isRare: true,
  },
  {
    name: "api_version",
    label: "API version",
    kind: "text",
    help: "Azure's, where its deployments are asked.",
    isRare: true,
  },
  {
    name: "headers",
    label: "Headers sent with every request",
    kind: "pairs",
    sides: ["Header", "Value"],
    help: "Whoever may see this configuration sees their values: keys belong under Secrets.",
    isRare: true,
  },
  {
    name: "dialects",
    label: "Speaks",
    kind: "list",
    placeholder: "what its provider speaks",
    help: "Of openai-chat, openai-responses, anthropic, gemini, bedrock.",
    isRare: true,
  },
  {
    name: "reports_stream_usage",
    label: "Streams can be asked for their tokens (stream_options)",
    kind: "check",
    otherwise: true,
    isRare: true,
  },
  { name: "connect_s", label: "Connecting may take, seconds", kind: "number", isRare: true },
  ...TIMES.map((field) => ({ ...field, isRare: true })),
];

export const TARGET_TIMES: Field[] = TIMES.map((field) => ({ ...field, placeholder: "its connection's" }));

export const ROUTE: Field[] = [
  { name: "model", label: "Name", kind: "text", help: "What programs name as their model.", placeholder: "best" },
  {
    name: "pick",
    label: "Which target comes first",
    kind: "choice",
    choices: choices(
      ["order", "the first in the list"],
      ["weight", "by weight"],
      ["latency", "the fastest at present"],
      ["price", "the cheapest"],
    ),
    help: "The others follow where it fails.",
  },
  {
    name: "sticky",
    label: "The same target for the same",
    kind: "choice",
    choices: choices(
      ["", "nobody: each call by itself"],
      ["user", "user"],
      ["run", "run"],
      ["session", "session"],
      ["agent", "agent"],
    ),
    help: "By weight: this makes it an experiment.",
    isRare: true,
  },
  {
    name: "hedge_after_s",
    label: "Ask a second target after, seconds",
    kind: "number",
    placeholder: "never",
    isRare: true,
  },
];

export const RETRY: Field[] = [
  { name: "times", label: "Tries more at the same target", kind: "number", placeholder: "1", isRare: true },
  { name: "wait_s", label: "The first wait, seconds", kind: "number", placeholder: "0.25", isRare: true },
  {
    name: "longest_wait_s",
    label: "Longest wait a provider may ask for, seconds",
    kind: "number",
    placeholder: "8",
    isRare: true,
  },
  { name: "budget_s", label: "No new try after, seconds", kind: "number", placeholder: "60", isRare: true },
  {
    name: "fall_back_on",
    label: "The next target is tried after",
    kind: "list",
    placeholder: "all of these",
    help: "Of connect, timeout, broken, overloaded, server, rate, credential, context.",
    isRare: true,
  },
];

export const SHADOW: Field[] = [
  {
    name: "connection",
    label: "Connection",
    kind: "connection",
    help: "It gets copies, and answers nobody.",
    isRare: true,
  },
  { name: "model", label: "Model there", kind: "text", placeholder: "the one asked for", isRare: true },
  { name: "share", label: "Share of the calls, 0 to 1", kind: "number", placeholder: "1", isRare: true },
  { name: "most_in_flight", label: "Copies at once", kind: "number", placeholder: "8", isRare: true },
  { name: "bill", label: "Copies count against the caller's limits", kind: "check", isRare: true },
];

export const UNCOUNTED: Field[] = [
  {
    name: "limits_uncounted",
    label: "Where limits cannot be counted",
    kind: "choice",
    choices: choices(["allow", "calls pass"], ["refuse", "calls are refused"]),
    help: "While Redis or Valkey is away.",
  },
];

export const LIMIT: Field[] = [
  {
    name: "per",
    label: "For each",
    kind: "choice",
    choices: choices(
      ["key", "key"],
      ["user", "end user"],
      ["agent", "agent"],
      ["run", "run"],
      ["model", "model"],
      ["project", "the whole project"],
    ),
  },
  {
    name: "window",
    label: "Within",
    kind: "choice",
    otherwise: "day",
    choices: choices(
      ["minute", "a minute"],
      ["hour", "an hour"],
      ["day", "a day"],
      ["month", "a month"],
      ["total", "all time"],
    ),
  },
  { name: "cost_usd", label: "US dollars", kind: "money", placeholder: "any amount" },
  { name: "requests", label: "Requests", kind: "number", placeholder: "any number" },
  { name: "tokens", label: "Tokens", kind: "number", placeholder: "any number" },
  {
    name: "only",
    label: "Only these",
    kind: "list",
    placeholder: "all",
    help: "Names, by commas. Empty means each of them.",
  },
];

export const ACCESS: Field[] = [
  { name: "keys", label: "Keys", kind: "list", help: "By name or id, by commas.", placeholder: "team-a" },
  {
    name: "models",
    label: "May name",
    kind: "list",
    help: "Models and routes; * stands for anything.",
    placeholder: "best, gpt-*",
  },
];

export const GUARDS: Field[] = [
  {
    name: "on_finding",
    label: "When a run repeats itself",
    kind: "choice",
    choices: choices(
      ["record", "note it in the run"],
      ["warn", "also tell the caller in a header"],
      ["correct", "add a note to the model, stop it if that does not help"],
      ["stop", "stop the run"],
    ),
    help: "Loops, calls that fail again and again, talk after the end.",
  },
  {
    name: "detectors",
    label: "Holds for these detectors",
    kind: "list",
    placeholder: "those of loops",
    help: "By their ids, by commas. What the others find is noted.",
    isRare: true,
  },
];

export const ROUTE_GUARDS: Field[] = GUARDS.map((field) => ({
  ...field,
  isRare: true,
  ...(field.choices ? { choices: [{ value: "", word: "as for all routes" }, ...field.choices] } : {}),
}));

export const RUN_BUDGET: Field[] = [
  { name: "cost_usd", label: "US dollars a run", kind: "money", placeholder: "any amount" },
  { name: "calls", label: "Calls a run", kind: "number", placeholder: "any number" },
  { name: "tokens", label: "Tokens a run", kind: "number", placeholder: "any number" },
  { name: "seconds", label: "Seconds a run", kind: "number", placeholder: "any number" },
  { name: "depth", label: "Agents calling agents, deep", kind: "number", placeholder: "any depth" },
];

export const ROUTE_BUDGET: Field[] = RUN_BUDGET.map((field) => ({ ...field, isRare: true }));

export const SEMANTIC: Field[] = [
  {
    name: "connection",
    label: "Connection for embeddings",
    kind: "connection",
    help: "It is asked for one with each call that no kept answer fits; that costs.",
    isRare: true,
  },
  {
    name: "model",
    label: "Model of embeddings there",
    kind: "text",
    placeholder: "text-embedding-3-small",
    isRare: true,
  },
  {
    name: "threshold",
    label: "Alike from, 0.5 to 1",
    kind: "number",
    placeholder: "0.95",
    help: "The cosine of two questions; what fits depends on the model.",
    isRare: true,
  },
  { name: "wait_s", label: "A call waits for it, seconds", kind: "number", placeholder: "2", isRare: true },
];

export const CACHE: Field[] = [
  { name: "is_on", label: "Give the same answer to the same request", kind: "check" },
  { name: "ttl_s", label: "For, seconds", kind: "number" },
  {
    name: "per",
    label: "Answers are shared by",
    kind: "choice",
    choices: choices(["user", "calls of one key and end user"], ["project", "the whole project"]),
  },
  { name: "sampled", label: "Also where the temperature is not 0", kind: "check" },
  { name: "tool_calls", label: "Also where tools are offered", kind: "check" },
  { name: "most_bytes", label: "Memory for answers, bytes", kind: "number", isRare: true },
];

export const RECORDING: Field[] = [
  {
    name: "content",
    label: "What was said",
    kind: "choice",
    choices: choices(["full", "is kept"], ["hashed", "is kept as a hash"], ["off", "is not kept"]),
    help: "Names, times, tokens and prices are always kept. Redaction of the project holds beside this.",
  },
  { name: "max_content_bytes", label: "Kept of one answer, bytes", kind: "number", isRare: true },
];

export const SIZES: Field[] = [
  { name: "max_body_bytes", label: "Largest call, bytes", kind: "number", isRare: true },
  { name: "max_answer_bytes", label: "Largest answer, bytes", kind: "number", isRare: true },
];

export const BREAKER: Field[] = [
  { name: "failures", label: "Failures in a row", kind: "number", help: "So many set a target aside." },
  { name: "pause_s", label: "For, seconds", kind: "number", help: "Then one call at a time tries it." },
];

const ACTIONS = {
  name: "on",
  label: "Then",
  kind: "choice",
  choices: choices(["correct", "correct it"], ["block", "refuse it"], ["record", "only note it"]),
} as const satisfies Field;
const FOR_MODELS = {
  name: "models",
  label: "Only for these models",
  kind: "list",
  placeholder: "all",
  help: "Models and routes, by commas; * stands for anything.",
} as const satisfies Field;
const AT = {
  name: "at",
  label: "Look at",
  kind: "choice",
  choices: choices(["request", "requests"], ["response", "answers"], ["both", "both"]),
} as const satisfies Field;

const PATTERNS = {
  name: "patterns",
  label: "Patterns of your own",
  kind: "pairs",
  sides: ["Name", "Regular expression"],
  help: "Names of lower-case letters and digits; expressions as RE2 has them, such as T-[0-9]{4,}.",
} as const satisfies Field;
const BROKEN = {
  name: "if_broken",
  label: "Where this itself fails",
  kind: "choice",
  choices: choices(["refuse", "the call is refused"], ["allow", "the call passes as it is"]),
  isRare: true,
} as const satisfies Field;

type Plugin = { word: string; add: string; help: string; fields: Field[] };

export const PLUGINS: Record<string, Plugin> = {
  pii: {
    word: "Personal data",
    add: "Protect personal data",
    help: "Replaced by placeholders on the way out, and put back into the answer.",
    fields: [
      ACTIONS,
      AT,
      { name: "find", label: "Look for", kind: "list", placeholder: "email, phone, iban, card, ip, secret" },
      {
        name: "record",
        label: "Runs keep",
        kind: "choice",
        choices: choices(["placeholders", "the placeholders"], ["original", "what was said"]),
      },
      FOR_MODELS,
      PATTERNS,
      BROKEN,
    ],
  },
  banned: {
    word: "Banned words",
    add: "Ban words",
    help: "What may not be said.",
    fields: [
      { name: "words", label: "Words", kind: "list", help: "Words and phrases, by commas, in whichever case." },
      { ...ACTIONS, otherwise: "block" },
      { ...AT, otherwise: "both" },
      FOR_MODELS,
      PATTERNS,
      { name: "mask", label: "Stands for them, where masked", kind: "text", placeholder: "***", isRare: true },
      {
        name: "longest",
        label: "A pattern matches at most, characters",
        kind: "number",
        placeholder: "128",
        help: "So much of a stream is held back.",
        isRare: true,
      },
      BROKEN,
    ],
  },
  json: {
    word: "JSON that fits",
    add: "Hold answers to JSON",
    help: "Answers that are to be JSON are repaired, or refused where that cannot be.",
    fields: [
      ACTIONS,
      { name: "asks_again", label: "Ask once more before refusing; costs a second call", kind: "check" },
      { name: "tools", label: "Arguments of tools too", kind: "check", otherwise: true },
      FOR_MODELS,
      BROKEN,
    ],
  },
  max_output: {
    word: "Longest answer",
    add: "Bound the length of answers",
    help: "How long an answer may become.",
    fields: [
      { name: "tokens", label: "Tokens", kind: "number", placeholder: "any number" },
      { name: "characters", label: "Characters", kind: "number", placeholder: "any number" },
      ACTIONS,
      FOR_MODELS,
      { ...BROKEN, otherwise: "allow" },
    ],
  },
};
