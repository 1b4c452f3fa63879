import type { ReactNode } from "react";
import type { Followed } from "@/api/types";
import { useRun } from "../RunContext";
import { type Edge, isStep, shownEdges } from "./facts";
import { type Box, factPath } from "./geometry";

type Props = {
  spread: Followed["spread"];
  boxAt: (turn: number) => Box | null;
  isShown: (turn: number) => boolean;
  height: number;
};

/** Facts as arrows from where they were said to where they were used; the way of the failure stands out. */
export function Facts({ spread, boxAt, isShown, height }: Props): ReactNode {
  const { turn } = useRun();
  const edges = shownEdges(spread, isShown, turn);
  const drawn = edges.flatMap((edge) => {
    const [from, to] = [boxAt(edge.source), boxAt(edge.target)];
    return from && to ? [{ edge, path: factPath(from, to) }] : [];
  });
  // The way comes last, so that it lies on top.
  drawn.sort((a, b) => Number(isStep(spread, a.edge)) - Number(isStep(spread, b.edge)));
  return (
    <svg className="facts-layer" width={1} height={height} aria-hidden="true">
      <defs>
        <marker
          id="facts-head"
          viewBox="0 0 8 8"
          refX="6"
          refY="4"
          markerWidth="7"
          markerHeight="7"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0 8 4 0 8z" fill="context-stroke" />
        </marker>
      </defs>
      {drawn.map(({ edge, path }) => (
        <path
          key={`${edge.source}-${edge.target}`}
          className={classOf(spread, edge, turn)}
          d={path}
          markerEnd="url(#facts-head)"
        />
      ))}
    </svg>
  );
}

function classOf(spread: Followed["spread"], edge: Edge, selected: number | null): string {
  if (isStep(spread, edge)) return "fact-line is-way";
  return edge.source === selected || edge.target === selected ? "fact-line is-near" : "fact-line";
}
