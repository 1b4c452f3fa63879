import type { ReactNode } from "react";
import { duration } from "@/formats/time";
import { useRun } from "../RunContext";
import { type Axis, spaced } from "./axis";

type Props = { axis: Axis; turns: readonly number[]; first: number; last: number; byTime: boolean };

/** Above the lanes: when, since the beginning, or which turn. A sign where a long pause is drawn shorter. */
export function Ruler({ axis, turns, first, last, byTime }: Props): ReactNode {
  const { outline } = useRun();
  const places = Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
  return (
    <div className="lanes-ruler num" aria-hidden="true">
      {spaced(axis, places, byTime ? 70 : 56).map((place) => {
        const turn = turns[place] ?? 0;
        const start = outline.start_ms[turn];
        return (
          <span key={place} style={{ left: axis.left[place] }}>
            {byTime && start != null ? duration(start) : turn}
          </span>
        );
      })}
      {places
        .filter((place) => axis.cut.has(place))
        .map((place) => (
          <span
            key={`cut${place}`}
            className="lanes-cut"
            title="A longer pause than is drawn"
            style={{ left: (axis.left[place] ?? 0) + (axis.width[place] ?? 0) / 2 }}
          >
            ⋯
          </span>
        ))}
    </div>
  );
}
