import type { ReactNode } from "react";
import { useRun } from "../RunContext";
import { boxOf, COLUMN, linkPath, type Zoom } from "./geometry";

type Props = {
  columns: ReadonlyArray<{ index: number; place: number }>;
  turns: readonly number[];
  laneOf: (index: number) => number;
  zoom: Zoom;
  height: number;
};

/** Where control passes from lane to lane; handoffs are strong lines with an arrow head, other changes faint ones. */
export function Links({ columns, turns, laneOf, zoom, height }: Props): ReactNode {
  const { outline, lookAt } = useRun();
  const handoff = outline.acts.indexOf("handoff");
  const [left, right] = [columns[0]?.place ?? 0, (columns.at(-1)?.place ?? 0) + 1];
  const offset = left * COLUMN[zoom];
  const width = (right - left) * COLUMN[zoom];
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
          id="head"
          viewBox="0 0 6 6"
          refX="5"
          refY="3"
          markerWidth="6"
          markerHeight="6"
          orient="auto-start-reverse"
        >
          <path d="M0 0 6 3 0 6z" fill="context-stroke" />
        </marker>
      </defs>
      {columns.map(({ index, place }) => {
        const before = turns[place - 1];
        if (before === undefined || laneOf(before) === laneOf(index)) return null;
        const isHandoff = outline.act[before] === handoff;
        return (
          <path
            key={index}
            className={`link ${isHandoff ? "link-handoff" : ""} ${lookAt(outline.speaker[before] ?? 0).className}`}
            d={linkPath(boxOf(zoom, place - 1, laneOf(before)), boxOf(zoom, place, laneOf(index)))}
            {...(isHandoff ? { markerEnd: "url(#head)" } : {})}
          />
        );
      })}
    </svg>
  );
}
