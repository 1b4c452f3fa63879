/** An answer as it comes in: chunks of a chat completion put together. */

export type Call = { id: string; name: string; arguments: string };
export type Usage = { input: number | null; output: number | null; cached: number | null; reasoning: number | null };
export type Reply = {
  text: string;
  reasoning: string;
  calls: Call[];
  finish: string | null;
  usage: Usage | null;
  /** What the stream said went wrong, after it had begun. */
  error: string | null;
};

export const NOTHING: Reply = { text: "", reasoning: "", calls: [], finish: null, usage: null, error: null };

type Json = Record<string, unknown>;

function object(value: unknown): Json {
  return value !== null && typeof value === "object" ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The reply with one event's data added; what is no JSON is passed over. */
export function fed(reply: Reply, data: string): Reply {
  if (data === "[DONE]") return reply;
  let event: Json;
  try {
    event = object(JSON.parse(data));
  } catch {
    return reply;
  }
  if (event.error !== undefined) return { ...reply, error: wordsOf(event.error) };
  const choice = object(Array.isArray(event.choices) ? event.choices[0] : undefined);
  const delta = object(choice.delta ?? choice.message);
  return {
    text: reply.text + spoken(delta.content) + text(delta.refusal),
    reasoning: reply.reasoning + (text(delta.reasoning_content) || text(delta.reasoning) || thought(delta.content)),
    calls: withCalls(reply.calls, delta.tool_calls),
    finish: text(choice.finish_reason) || reply.finish,
    usage: usageOf(event.usage) ?? reply.usage,
    error: reply.error,
  };
}

/** Content is a text, or a list of parts. */
function spoken(content: unknown): string {
  if (!Array.isArray(content)) return text(content);
  return content.map((part) => text(object(part).text)).join("");
}

function thought(content: unknown): string {
  if (!Array.isArray(content)) return "";
  return content.map((part) => spoken(object(part).thinking)).join("");
}

function withCalls(calls: readonly Call[], deltas: unknown): Call[] {
  if (!Array.isArray(deltas)) return calls as Call[];
  const next = [...calls];
  for (const [place, each] of deltas.entries()) {
    const delta = object(each);
    const named = object(delta.function);
    const at = typeof delta.index === "number" && delta.index >= 0 && delta.index < 1000 ? delta.index : place;
    while (next.length <= at) next.push({ id: "", name: "", arguments: "" });
    const before = next[at] as Call;
    next[at] = {
      id: before.id || text(delta.id),
      name: before.name + text(named.name),
      arguments: before.arguments + text(named.arguments),
    };
  }
  return next;
}

function count(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function usageOf(value: unknown): Usage | null {
  if (value === null || typeof value !== "object") return null;
  const usage = value as Json;
  return {
    input: count(usage.prompt_tokens),
    output: count(usage.completion_tokens),
    cached: count(object(usage.prompt_tokens_details).cached_tokens),
    reasoning: count(object(usage.completion_tokens_details).reasoning_tokens),
  };
}

/** What an error says, whoever wrote it: OpenAI's and Anthropic's shape, FastAPI's `detail`, or a bare text. */
export function wordsOf(error: unknown): string {
  if (typeof error === "string") return error;
  const { message, detail, error: inner } = object(error);
  if (inner !== undefined) return wordsOf(inner);
  return text(message) || text(detail) || JSON.stringify(error).slice(0, 2000);
}

/** The same of an error that comes as a text, which may be JSON or the beginning of some. */
export function inWords(body: string): string {
  try {
    return wordsOf(JSON.parse(body));
  } catch {
    return body.trim();
  }
}

/** The data of each whole event in a text of server-sent events, and what is left of a begun one. */
export function eventsIn(buffer: string): { events: string[]; rest: string } {
  const parts = buffer.split(/\r\n\r\n|\n\n|\r\r/);
  const rest = parts.pop() ?? "";
  const events = parts.flatMap((part) => {
    const lines = part.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n")];
  });
  return { events, rest };
}

/** The answer as a message of chat completions, to go on from. */
export function messageOf(reply: Reply): Json {
  const calls = reply.calls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
  return { role: "assistant", content: reply.text || null, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}
