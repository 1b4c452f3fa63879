import type { Agent } from "@/api/types";

/** How an agent looks everywhere in a run: a class that sets its colour, initials, and its name. */
export type Look = {
  id: string;
  name: string;
  kind: Agent["kind"];
  className: string;
  initials: string;
  title: string;
};

const HUES = 10;

/** Looks by agent id. Agents take the hues in order of appearance; people and machinery get none. */
export function looks(agents: readonly Agent[]): Map<string, Look> {
  let hue = 0;
  const initialsOf = uniqueInitials(agents.map((agent) => agent.name));
  const entries = agents.map((agent): [string, Look] => {
    const className =
      agent.kind === "agent" ? `agent-${hue++ % HUES}` : agent.kind === "human" ? "agent-human" : "agent-none";
    const initials = initialsOf.get(agent.name) ?? "?";
    return [agent.id, { id: agent.id, name: agent.name, kind: agent.kind, className, initials, title: titleOf(agent) }];
  });
  return new Map(entries);
}

function titleOf(agent: Agent): string {
  return agent.kind === "agent" ? agent.name : `${agent.name} (${agent.kind})`;
}

/** The look of an id that the roster does not know, so that no turn is without a speaker. */
export function lookOf(all: ReadonlyMap<string, Look>, id: string): Look {
  return all.get(id) ?? { id, name: id, kind: "agent", className: "agent-none", initials: initials(id), title: id };
}

/** The first letters of up to three words, or the first two of one word. `chat_manager` → CM. */
export function initials(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  const first = words[0] ?? "?";
  const letters = words.length > 1 ? words.slice(0, 3).map((word) => [...word][0]) : [...first].slice(0, 2);
  return letters.join("").toUpperCase();
}

/** Initials per name; where two names share them, the later one gets its number. */
function uniqueInitials(names: readonly string[]): Map<string, string> {
  const taken = new Map<string, number>();
  const result = new Map<string, string>();
  for (const name of names) {
    if (result.has(name)) continue;
    const wanted = initials(name);
    const times = (taken.get(wanted) ?? 0) + 1;
    taken.set(wanted, times);
    result.set(name, times === 1 ? wanted : `${wanted[0]}${times}`);
  }
  return result;
}

/** A stable hue class for a name outside of a run's roster, as in the runs table. */
export function hueOf(name: string): string {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `agent-${hash % HUES}`;
}
