import { type PointerEvent, type ReactNode, useMemo, useRef } from "react";
import { stripes } from "../chat/stripes";
import { useRun } from "../RunContext";
import { type Axis, placeAt } from "./axis";
import type { Trail } from "./facts";

const WIDTH = 900;
const ROW = 6;

type Props = {
  turns: readonly number[];
  lanes: readonly number[];
  axis: Axis;
  first: number;
  last: number;
  trail: Trail | null;
  onGo: (place: number) => void;
};

/** All lanes of the whole run, small; the frame is what is shown below. A pointer's shortcut for scrolling. */
export function Overview({ turns, lanes, axis, first, last, trail, onGo }: Props): ReactNode {
  const { outline, lookAt } = useRun();
  const box = useRef<HTMLDivElement>(null);
  const drawn = useMemo(
    () =>
      stripes(
        turns.map((index) => ({ owner: outline.speaker[index] ?? 0 })),
        WIDTH,
      ),
    [turns, outline],
  );
  const height = Math.max(lanes.length * ROW, 18);
  const x = (place: number) => ((axis.left[place] ?? axis.total) / Math.max(axis.total, 1)) * WIDTH;
  const even = (stripe: number) => x(Math.round((stripe / WIDTH) * turns.length));
  const marked = useMemo(
    () =>
      trail === null
        ? []
        : turns.flatMap((turn, place) => (turn === trail.origin || trail.path.has(turn) ? [{ turn, place }] : [])),
    [trail, turns],
  );
  function go(event: PointerEvent): void {
    const bounds = box.current?.getBoundingClientRect();
    if (!bounds) return;
    const share = Math.min(0.9999, Math.max(0, (event.clientX - bounds.left) / bounds.width));
    onGo(placeAt(axis, share * axis.total));
  }
  return (
    <div
      ref={box}
      className="lanes-overview"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => event.buttons > 0 && go(event)}
    >
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        preserveAspectRatio="none"
        height={Math.min(48, height)}
        aria-hidden="true"
      >
        {drawn.map((stripe) => (
          <rect
            key={stripe.from}
            className={`stripe ${lookAt(stripe.owner).className}`}
            x={even(stripe.from)}
            y={lanes.indexOf(stripe.owner) * ROW}
            width={Math.max(0.5, even(stripe.to) - even(stripe.from))}
            height={ROW - 1}
          />
        ))}
        {marked.map(({ turn, place }) => (
          <rect
            key={turn}
            className={turn === trail?.origin ? "tick-origin" : "tick-way"}
            x={x(place) - 1}
            y={0}
            width={turn === trail?.origin ? 4 : 2}
            height={height}
          />
        ))}
        <rect
          className="window"
          x={x(first)}
          y={0}
          width={Math.max(4, x(last + 1) - x(first))}
          height={height}
          rx={2}
        />
      </svg>
    </div>
  );
}
