/** A pane as the body of a chat completion, or what is wrong with it, each fault with the field it is in. */
import type { Item, Pane, Prompt } from "./desk";

export type Json = Record<string, unknown>;
export type Faults = Partial<
  Record<"model" | "items" | "tools" | "schema" | "temperature" | "limit" | "seed" | "more", string>
>;
export type Built = { body: Json; faults: Faults };

/** The body as it is sent, without `stream`. */
export function built(pane: Pane, prompt: Prompt, limitField: string): Built {
  const faults: Faults = {};
  const read = <T>(field: keyof Faults, text: string, reader: (value: unknown) => T): T | undefined => {
    if (text.trim() === "") return undefined;
    try {
      return reader(JSON.parse(text));
    } catch (cause) {
      faults[field] =
        cause instanceof SyntaxError ? `This is no JSON: ${cause.message}` : String((cause as Error).message);
      return undefined;
    }
  };
  const { settings } = pane;
  if (pane.model.trim() === "") faults.model = "Choose a model";
  const messages = messagesOf(prompt, faults);
  const body: Json = {
    model: pane.model.trim(),
    messages,
    ...defined("temperature", read("temperature", settings.temperature, number(0, 2))),
    ...defined(limitField, read("limit", settings.limit, whole(1))),
    ...defined("seed", read("seed", settings.seed, whole(Number.MIN_SAFE_INTEGER))),
    ...(settings.effort === "" ? {} : { reasoning_effort: settings.effort }),
    ...defined("tools", read("tools", prompt.tools, toolsOf)),
    ...defined("response_format", read("schema", prompt.schema, formatOf)),
    ...read("more", settings.more, objectOf),
  };
  return { body, faults };
}

function messagesOf(prompt: Prompt, faults: Faults): Json[] {
  const messages: Json[] = prompt.system.trim() === "" ? [] : [{ role: "system", content: prompt.system }];
  for (const [at, one] of prompt.items.entries()) {
    const message = messageOf(one, at, faults);
    if (message !== null) messages.push(message);
  }
  if (!faults.items && messages.every((message) => message.role === "system")) faults.items = "Write a message";
  return messages;
}

function messageOf(one: Item, at: number, faults: Faults): Json | null {
  if (one.raw !== null) {
    try {
      return objectOf(JSON.parse(one.raw));
    } catch {
      faults.items = `Message ${at + 1} is no JSON object`;
      return null;
    }
  }
  if (one.text.trim() === "" && one.role !== "tool") return null;
  const named = one.role === "tool" ? { tool_call_id: one.callId } : {};
  if (one.role === "tool" && one.callId.trim() === "")
    faults.items = `Message ${at + 1} does not say which call it answers`;
  return { role: one.role, content: one.text, ...named };
}

function defined(name: string, value: unknown): Json {
  return value === undefined ? {} : { [name]: value };
}

function number(least: number, most: number) {
  return (value: unknown): number => {
    if (typeof value !== "number" || value < least || value > most)
      throw new Error(`A number from ${least} to ${most}`);
    return value;
  };
}

function whole(least: number) {
  return (value: unknown): number => {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) throw new Error("A whole number");
    return value;
  };
}

function objectOf(value: unknown): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error("This is no JSON object");
  return value as Json;
}

/** Tools as chat completions want them; the short form (name, description, parameters) is taken too. */
function toolsOf(value: unknown): Json[] | undefined {
  if (!Array.isArray(value)) throw new Error("Tools are a JSON array");
  if (value.length === 0) return undefined;
  return value.map((each, at) => {
    const tool = objectOf(each);
    const given = "function" in tool ? objectOf(tool.function) : tool;
    if (typeof given.name !== "string" || given.name === "") throw new Error(`Tool ${at + 1} has no name`);
    if ("function" in tool) return tool;
    const { type: _type, input_schema: schema, ...rest } = tool;
    return { type: "function", function: schema === undefined ? rest : { ...rest, parameters: schema } };
  });
}

/** A JSON Schema as `response_format`; a whole `response_format` is taken as it is. */
function formatOf(value: unknown): Json {
  const given = objectOf(value);
  if (typeof given.type === "string" && given.type.startsWith("json_")) return given;
  if (!("type" in given) && !("anyOf" in given) && !("$ref" in given)) throw new Error("A JSON Schema says its type");
  const name = typeof given.title === "string" ? given.title.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) : "answer";
  return { type: "json_schema", json_schema: { name, schema: given, strict: true } };
}

/** Whether the messages go on from what was said in an earlier call: then they belong to the same run. */
export function isContinued(said: readonly unknown[] | null, messages: readonly unknown[]): boolean {
  if (said === null || messages.length <= said.length) return false;
  return said.every((message, at) => JSON.stringify(message) === JSON.stringify(messages[at]));
}
