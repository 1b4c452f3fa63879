import type { Followed } from "@/api/types";

export type Edge = Followed["spread"]["edges"][number];

/** What is drawn of how a fact went on: the turns that rest on it, the way to the last of them, and each use of it. */
export type Trail = {
  origin: number;
  standing: ReadonlySet<number>;
  path: ReadonlySet<number>;
  edges: readonly Edge[];
};

export function trailOf({ spread }: Followed): Trail {
  return {
    origin: spread.origin,
    standing: new Set(spread.standing),
    path: new Set(spread.path),
    edges: spread.edges,
  };
}

/** Whether an edge is a step of the way. */
export function isStep(spread: Followed["spread"], { source, target }: Edge): boolean {
  const place = spread.path.indexOf(source);
  return place >= 0 && spread.path[place + 1] === target;
}

/** More arrows than this are a tangle: those of the way and of the selected turn come first. */
const MOST = 90;

/** The edges that touch the shown stretch of turns, the telling ones first, the others by nearness. */
export function shownEdges(
  spread: Followed["spread"],
  isShown: (turn: number) => boolean,
  selected: number | null,
): Edge[] {
  const weight = (edge: Edge) =>
    (isStep(spread, edge) ? 2 : 0) + (edge.source === selected || edge.target === selected ? 1 : 0);
  return spread.edges
    .filter((edge) => isShown(edge.source) || isShown(edge.target))
    .sort((a, b) => weight(b) - weight(a) || a.target - a.source - (b.target - b.source))
    .slice(0, MOST);
}
