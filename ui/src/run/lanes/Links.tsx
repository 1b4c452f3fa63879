import type { ReactNode } from "react";
import { useRun } from "../RunContext";
import { receiverPlace } from "../steps";
import type { Axis } from "./axis";
import { type Box, linkPath } from "./geometry";

type Props = {
  columns: ReadonlyArray<{ index: number; place: number }>;
  turns: readonly number[];
  laneOf: (index: number) => number;
  axis: Axis;
  boxOf: (place: number) => Box;
  height: number;
};

/** Where control passes from lane to lane: faint lines between neighbours, strong arrows from a handoff to who took it. */
export function Links({ columns, turns, laneOf, axis, boxOf, height }: Props): ReactNode {
  const { outline, lookAt } = useRun();
  const [left, right] = [columns[0]?.place ?? 0, (columns.at(-1)?.place ?? 0) + 1];
  const offset = axis.left[left] ?? 0;
  const width = (axis.left[right] ?? axis.total) - offset;
  const classOf = (index: number) => lookAt(outline.speaker[index] ?? 0).className;
  return (
    <svg
      className="links"
      style={{ left: offset }}
      width={width}
      height={height}
      viewBox={`${offset} 0 ${width} ${height}`}
      aria-hidden="true"
    >
      <defs>
        <marker
          id="lanes-head"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0 8 4 0 8z" fill="context-stroke" />
        </marker>
      </defs>
      {columns.map(({ index, place }) => {
        const before = turns[place - 1];
        if (before === undefined || laneOf(before) === laneOf(index)) return null;
        const path = linkPath(boxOf(place - 1), boxOf(place));
        return <path key={index} className={`link ${classOf(before)}`} d={path} />;
      })}
      {columns.map(({ index, place }) => {
        const taken = receiverPlace(outline, turns, place);
        const taker = taken === null ? undefined : turns[taken];
        if (taken === null || taker === undefined) return null;
        const path = linkPath(boxOf(place), boxOf(taken));
        return (
          <path key={index} className={`link link-handoff ${classOf(index)}`} d={path} markerEnd="url(#lanes-head)" />
        );
      })}
    </svg>
  );
}
