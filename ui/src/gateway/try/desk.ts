/** What stands in the two panes, as the reader wrote it; kept in this tab's storage, one for each project. */

export const ROLES = ["user", "assistant", "tool", "system"] as const;
export type Role = (typeof ROLES)[number];
export const EFFORTS = ["", "none", "minimal", "low", "medium", "high"] as const;

/** One message: plain text, or, where it holds more than text, its whole JSON in `raw`. */
export type Item = { key: number; role: Role; text: string; callId: string; raw: string | null };
export type Prompt = { system: string; items: Item[]; tools: string; schema: string };
export type Settings = { temperature: string; limit: string; seed: string; effort: string; more: string };
export type Pane = { model: string; settings: Settings; prompt: Prompt };
export type Desk = {
  panes: [Pane, Pane];
  /** Whether both panes ask the first one's prompt. */
  isShared: boolean;
  /** The recorded call that it was filled from, as `run/span`, and what of that is missing here. */
  from: string | null;
  losses: string[];
};
export type Side = 0 | 1;
export const SIDES = [0, 1] as const;

let lastKey = 0;
function nextKey(): number {
  lastKey += 1;
  return lastKey;
}

export function item(role: Role, text = "", more: Partial<Item> = {}): Item {
  return { key: nextKey(), role, text, callId: "", raw: null, ...more };
}

const NO_SETTINGS: Settings = { temperature: "", limit: "", seed: "", effort: "", more: "" };

export function emptyDesk(model = ""): Desk {
  const pane = (named: string): Pane => ({
    model: named,
    settings: NO_SETTINGS,
    prompt: { system: "", items: [item("user")], tools: "", schema: "" },
  });
  return { panes: [pane(model), pane("")], isShared: true, from: null, losses: [] };
}

export function withPane(desk: Desk, side: Side, change: Partial<Pane>): Desk {
  const [first, second] = desk.panes;
  const panes: [Pane, Pane] = side === 0 ? [{ ...first, ...change }, second] : [first, { ...second, ...change }];
  return { ...desk, panes };
}

/** The prompt that a pane asks, and which pane it belongs to. */
export function promptOf(desk: Desk, side: Side): { prompt: Prompt; owner: Side } {
  const owner: Side = desk.isShared ? 0 : side;
  return { prompt: desk.panes[owner].prompt, owner };
}

export function withPrompt(desk: Desk, side: Side, change: Partial<Prompt>): Desk {
  const { prompt, owner } = promptOf(desk, side);
  return withPane(desk, owner, { prompt: { ...prompt, ...change } });
}

/** One prompt for both again is the first one's; apart, the second begins with what both had. */
export function shared(desk: Desk, isShared: boolean): Desk {
  const next = { ...desk, isShared };
  if (isShared) return next;
  const { prompt } = desk.panes[0];
  return withPane(next, 1, { prompt: { ...prompt, items: prompt.items.map((each) => ({ ...each, key: nextKey() })) } });
}

type Json = Record<string, unknown>;

/** A message of chat completions as an item: as text where text is all that it holds. */
export function itemOf(message: Json): Item {
  const role = ROLES.find((each) => each === message.role) ?? (message.role === "developer" ? "system" : "user");
  const { role: _role, content, tool_call_id: callId, ...rest } = message;
  const isPlain = (typeof content === "string" || content == null) && Object.keys(rest).length === 0;
  if (isPlain && (content != null || role !== "assistant"))
    return item(role, typeof content === "string" ? content : "", { callId: typeof callId === "string" ? callId : "" });
  return item(role, "", { raw: JSON.stringify(message, null, 2) });
}

export type Recorded = {
  model: string | null;
  messages: Json[];
  tools: Json[];
  parameters: Record<string, number>;
  losses: string[];
};

/** A recorded call on the desk: its first system message is the system prompt; both panes have its settings. */
export function deskOf(call: Recorded, from: string): Desk {
  const [first, ...rest] = call.messages.map(itemOf);
  const hasSystem = first?.role === "system" && first.raw === null;
  const prompt: Prompt = {
    system: hasSystem ? first.text : "",
    items: hasSystem ? rest : first ? [first, ...rest] : [],
    tools: call.tools.length > 0 ? JSON.stringify(call.tools, null, 2) : "",
    schema: "",
  };
  const { temperature, max_tokens: limit, seed, ...others } = call.parameters;
  const text = (value: number | undefined) => (value === undefined ? "" : String(value));
  const settings: Settings = {
    temperature: text(temperature),
    limit: text(limit),
    seed: text(seed),
    effort: "",
    more: Object.keys(others).length > 0 ? JSON.stringify(others) : "",
  };
  const pane = (model: string): Pane => ({ model, settings, prompt });
  return { panes: [pane(call.model ?? ""), pane("")], isShared: true, from, losses: call.losses };
}

function keyOf(project: string): string {
  return `masthead.try.${project}`;
}

/** Beyond this the desk is not kept: the browser's storage is small. */
const MOST_CHARACTERS = 2_000_000;

export function kept(project: string): Desk | null {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(keyOf(project)) ?? "null");
    return isDesk(found) ? rekeyed(found) : null;
  } catch {
    return null;
  }
}

export function keep(project: string, desk: Desk): void {
  try {
    const text = JSON.stringify(desk);
    if (text.length <= MOST_CHARACTERS) sessionStorage.setItem(keyOf(project), text);
  } catch {
    // Not kept: it lasts until the page is left.
  }
}

function isDesk(found: unknown): found is Desk {
  const desk = found as Desk | null;
  return Array.isArray(desk?.panes) && desk.panes.length === 2 && desk.panes.every((pane) => isPane(pane));
}

function isPane(pane: Pane | undefined): boolean {
  return typeof pane?.model === "string" && Array.isArray(pane.prompt?.items) && typeof pane.settings === "object";
}

function rekeyed(desk: Desk): Desk {
  const again = (pane: Pane): Pane => ({
    ...pane,
    prompt: { ...pane.prompt, items: pane.prompt.items.map((each) => ({ ...each, key: nextKey() })) },
  });
  return { ...desk, panes: [again(desk.panes[0]), again(desk.panes[1])] };
}
