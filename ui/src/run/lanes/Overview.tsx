import { type PointerEvent, type ReactNode, useMemo, useRef } from "react";
import { stripes } from "../chat/stripes";
import { useRun } from "../RunContext";

const WIDTH = 900;
const ROW = 6;

type Props = {
  turns: readonly number[];
  lanes: readonly number[];
  first: number;
  last: number;
  onGo: (place: number) => void;
};

/** All lanes of the whole run, small; the frame is what is shown below. A pointer's shortcut for scrolling. */
export function Overview({ turns, lanes, first, last, onGo }: Props): ReactNode {
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
  const x = (place: number) => (place / Math.max(turns.length, 1)) * WIDTH;
  function go(event: PointerEvent): void {
    const bounds = box.current?.getBoundingClientRect();
    if (!bounds) return;
    const share = Math.min(0.9999, Math.max(0, (event.clientX - bounds.left) / bounds.width));
    onGo(Math.floor(share * turns.length));
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
            x={stripe.from}
            y={lanes.indexOf(stripe.owner) * ROW}
            width={stripe.to - stripe.from}
            height={ROW - 1}
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
