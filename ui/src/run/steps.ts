import type { Outline } from "@/api/types";

/** The next (or previous) number of a sorted list after `from`, going round at the ends; null where it is empty. */
export function neighbour(sorted: readonly number[], from: number, step: 1 | -1): number | null {
  if (sorted.length === 0) return null;
  const found = step === 1 ? sorted.find((value) => value > from) : sorted.findLast((value) => value < from);
  return found ?? (step === 1 ? sorted[0] : sorted.at(-1)) ?? null;
}

/** Turns at which another agent takes over: explicit handoffs, and changes between agents that are no tools. */
export function handoffTurns(outline: Outline): number[] {
  const handoff = outline.acts.indexOf("handoff");
  return outline.act.flatMap((act, index) => (act === handoff ? [index] : []));
}

/**
 * The turns that are shown when one agent is singled out: what it said, and what was said to it.
 * That is the agent's own view of the run: its input and its output.
 */
export function visibleTurns(outline: Outline, agent: string | null): number[] {
  const everything = outline.speaker.map((_, index) => index);
  const place = agent === null ? -1 : outline.agents.indexOf(agent);
  if (place < 0) return everything;
  return everything.filter((index) => outline.speaker[index] === place || outline.addressee[index] === place);
}

/** How far ahead the receiver of a handoff is looked for: beyond that it did not answer to this handoff. */
const SOON = 12;

/** Where, among the shown turns, the receiver of the handoff at `place` first acts; null where it is no handoff. */
export function receiverPlace(outline: Outline, turns: readonly number[], place: number): number | null {
  const index = turns[place] ?? -1;
  const receiver = outline.addressee[index];
  if (outline.act[index] !== outline.acts.indexOf("handoff") || receiver == null) return null;
  const last = Math.min(turns.length, place + 1 + SOON);
  for (let next = place + 1; next < last; next++) {
    if (outline.speaker[turns[next] ?? -1] === receiver) return next;
  }
  return null;
}
