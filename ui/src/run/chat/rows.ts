import type { Outline } from "@/api/types";

/** What the outline tells of a row before its turn has been fetched. */
export type Row = {
  index: number;
  /** Position of the agent under whose heading the row stands: a tool's answer stands under the agent that called it. */
  owner: number;
  /** Whether a heading with the owner's name goes before it. */
  isFirst: boolean;
  act: Outline["acts"][number];
};

/** Rows of the chat, grouped by agent. Linear in the turns. */
export function rowsOf(outline: Outline, shown: readonly number[], isTool: (position: number) => boolean): Row[] {
  const rows: Row[] = [];
  let previous: Row | undefined;
  for (const index of shown) {
    const speaker = outline.speaker[index] ?? 0;
    const act = outline.acts[outline.act[index] ?? 0] ?? "message";
    const staysWithCaller =
      act === "tool_result" && previous !== undefined && (isTool(speaker) || previous.act === "tool_call");
    const owner = staysWithCaller && previous ? previous.owner : speaker;
    const isSeam = act === "handoff" || act === "ending";
    const isFirst = !isSeam && (previous === undefined || previous.owner !== owner || previous.act === "handoff");
    previous = { index, owner, isFirst, act };
    rows.push(previous);
  }
  return rows;
}

const LINE = 21;
const CHARACTERS_A_LINE = 96;

/** A guess of a row's height, so that the scroll bar is about right before the texts have come. */
export function heightOf(row: Row, characters: number): number {
  if (row.act === "tool_call") return 40;
  if (row.act === "tool_result") return 34;
  if (row.act === "handoff") return 72;
  const lines = Math.min(34, Math.max(1, Math.ceil(characters / CHARACTERS_A_LINE)));
  return (row.isFirst ? 44 : 10) + lines * LINE + 12;
}
