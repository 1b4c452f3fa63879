import type { RunsBeside } from "@/api/types";

export type Match = RunsBeside["matches"][number];

/** A row that is shown, or a stretch of rows that are the same on both sides and folded away. */
export type Item = { kind: "row"; row: number } | { kind: "same"; from: number; to: number };

/** So many equal rows in a row are shown as one line. */
const FEWEST_FOLDED = 3;

export function matchAt({ matches, match }: RunsBeside, row: number): Match {
  return matches[match[row] ?? 0] ?? "changed";
}

/** Everything, with long equal stretches as one line each, save those that somebody opened. Linear in the rows. */
export function itemsOf(beside: RunsBeside, opened: ReadonlySet<number>): Item[] {
  const items: Item[] = [];
  let from = 0;
  while (from < beside.match.length) {
    let to = from;
    while (to < beside.match.length && matchAt(beside, to) === "same") to++;
    if (to - from >= FEWEST_FOLDED && !opened.has(from)) items.push({ kind: "same", from, to });
    else for (let row = from; row < to; row++) items.push({ kind: "row", row });
    if (to < beside.match.length) items.push({ kind: "row", row: to });
    from = to + 1;
  }
  return items;
}

/** Rows in which the two are not word for word the same. */
export function differences(beside: RunsBeside): number[] {
  return beside.match.flatMap((_, row) => (matchAt(beside, row) === "same" ? [] : [row]));
}

/** The two runs' story in a sentence. */
export function summary(beside: RunsBeside): string {
  const { divergence, difference, match } = beside;
  if (difference === null) return "Both runs are word for word the same.";
  if (divergence === null) return "Both runs took the same steps, in other words.";
  if (divergence === 0) return "They part at the very first turn.";
  const same = match.slice(0, divergence).filter((_, row) => matchAt(beside, row) === "same").length;
  const alike = divergence - same;
  const shared = [same ? `${same} the same` : "", alike ? `${alike} alike` : ""].filter(Boolean).join(", ");
  return `After ${divergence} ${divergence === 1 ? "turn" : "turns"} in step (${shared}) they part.`;
}
