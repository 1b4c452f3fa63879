import { type PointerEvent, type ReactNode, useMemo, useRef } from "react";
import { useRun } from "../RunContext";
import type { Row } from "./rows";
import { stripes } from "./stripes";

const HEIGHT = 600;

type Props = { rows: readonly Row[]; first: number; last: number; onGo: (place: number) => void };

/** The whole run at a glance: who spoke where, errors, matches, and where one is. A pointer's shortcut; j and k do the same. */
export function Minimap({ rows, first, last, onGo }: Props): ReactNode {
  const { outline, lookAt, hits, turn } = useRun();
  const box = useRef<HTMLDivElement>(null);
  const drawn = useMemo(() => stripes(rows, HEIGHT), [rows]);
  const places = useMemo(() => new Map(rows.map((row, place) => [row.index, place])), [rows]);
  const y = (place: number) => (place / Math.max(rows.length, 1)) * HEIGHT;

  function go(event: PointerEvent): void {
    const bounds = box.current?.getBoundingClientRect();
    if (!bounds) return;
    const share = Math.min(0.9999, Math.max(0, (event.clientY - bounds.top) / bounds.height));
    onGo(Math.floor(share * rows.length));
  }
  const ticks = (indices: readonly number[], className: string) => {
    const rounded = new Set(
      indices.flatMap((index) => (places.has(index) ? [Math.round(y(places.get(index) ?? 0))] : [])),
    );
    return [...rounded].map((top) => (
      <rect key={`${className}${top}`} className={className} x={0} y={top} width={14} height={2} />
    ));
  };
  const errors = useMemo(() => outline.is_error.flatMap((flag, index) => (flag ? [index] : [])), [outline]);
  return (
    <div
      className="minimap"
      ref={box}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => event.buttons > 0 && go(event)}
    >
      <svg viewBox={`0 0 14 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {drawn.map((stripe) => (
          <rect
            key={stripe.from}
            className={`stripe ${lookAt(stripe.owner).className}`}
            x={3}
            y={stripe.from}
            width={8}
            height={stripe.to - stripe.from}
          />
        ))}
        {ticks(errors, "tick-error")}
        {ticks(hits, "tick-hit")}
        {turn === null ? null : ticks([turn], "tick-turn")}
        <rect className="window" x={0.5} y={y(first)} width={13} height={Math.max(6, y(last + 1) - y(first))} rx={2} />
      </svg>
    </div>
  );
}
