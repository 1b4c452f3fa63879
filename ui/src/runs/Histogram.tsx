import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import type { RunsFilter } from "@/api/queries";
import { plural } from "@/formats/numbers";
import type { Bar } from "./histogram";
import { BUCKET_MS } from "./range";
import { useBars } from "./useBars";

const HEIGHT = 40;
const ORDER = ["failure", "error", "unknown", "success"] as const;

type Props = { filter: RunsFilter; isReady: boolean; onBrush: (since: string, until: string) => void };

/** How many runs started when, by outcome. Dragging over it, or arrows and Enter, narrow the time range. */
export function Histogram({ filter, isReady, onBrush }: Props): ReactNode {
  const { filled, bucket } = useBars(filter, isReady);
  const width = BUCKET_MS[bucket];
  const box = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const highest = Math.max(1, ...filled.map((bar) => bar.total));
  const total = filled.reduce((runs, bar) => runs + bar.total, 0);

  function indexAt(event: PointerEvent): number {
    const bounds = box.current?.getBoundingClientRect();
    if (!bounds) return 0;
    const place = (event.clientX - bounds.left) / bounds.width;
    return Math.min(filled.length - 1, Math.max(0, Math.floor(place * filled.length)));
  }
  function finish(): void {
    const [from, to] = drag ? [filled[Math.min(...drag)], filled[Math.max(...drag)]] : [];
    setDrag(null);
    if (from && to) onBrush(new Date(from.start).toISOString(), new Date(to.start + width).toISOString());
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step !== undefined && filled.length > 0) {
      const inside = (index: number) => Math.min(filled.length - 1, Math.max(0, index));
      const [start, end] = drag ?? [filled.length, filled.length];
      setDrag(event.shiftKey ? [inside(start), inside(end + step)] : [inside(end + step), inside(end + step)]);
    } else if (event.key === "Enter" && drag) finish();
    else if (event.key === "Escape" && drag) setDrag(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  const [first, final] = drag ? [filled[Math.min(...drag)], filled[Math.max(...drag)]] : [];

  return (
    <figure className="histogram">
      <figcaption>
        <span className="num">{plural(total, "run")}</span>
        {first && final ? <Span from={first.start} to={final.start + width} width={width} /> : null}
        {first ? null : <Ends bars={filled} width={width} />}
      </figcaption>
      <div
        ref={box}
        className="histogram-plot"
        role="slider"
        tabIndex={0}
        aria-label="Runs over time"
        aria-description="Arrows move, with Shift they widen, Enter narrows the list to it"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, filled.length - 1)}
        aria-valuenow={drag?.[1] ?? 0}
        aria-valuetext={spoken(
          first ? filled.slice(Math.min(...(drag ?? [0])), Math.max(...(drag ?? [0])) + 1) : filled,
        )}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (filled.length === 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([indexAt(event), indexAt(event)]);
        }}
        onPointerMove={(event) => drag && setDrag([drag[0], indexAt(event)])}
        onPointerUp={finish}
        onPointerCancel={() => setDrag(null)}
      >
        <svg viewBox={`0 0 ${Math.max(filled.length, 1)} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {drag ? (
            <rect
              className="brush"
              x={Math.min(...drag)}
              y={0}
              width={Math.abs(drag[1] - drag[0]) + 1}
              height={HEIGHT}
            />
          ) : null}
          {filled.map((bar, index) => (
            <Column key={bar.start} bar={bar} x={index} highest={highest} />
          ))}
        </svg>
      </div>
    </figure>
  );
}

function Column({ bar, x, highest }: { bar: Bar; x: number; highest: number }): ReactNode {
  let top = HEIGHT;
  return (
    <g>
      <title>{`${new Date(bar.start).toLocaleString()}: ${plural(bar.total, "run")}`}</title>
      <rect x={x} y={0} width={1} height={HEIGHT} fill="transparent" />
      {ORDER.map((outcome) => {
        const height = ((bar.parts[outcome] ?? 0) / highest) * HEIGHT;
        top -= height;
        return height > 0 ? (
          <rect key={outcome} className={`bar bar-${outcome}`} x={x + 0.1} y={top} width={0.8} height={height} />
        ) : null;
      })}
    </g>
  );
}

/** What a reader of the screen hears of the chosen bars. */
function spoken(chosen: readonly Bar[]): string {
  const start = chosen[0]?.start;
  const runs = chosen.reduce((sum, bar) => sum + bar.total, 0);
  return start === undefined ? "no runs" : `${plural(runs, "run")} from ${new Date(start).toLocaleString("en")}`;
}

function Ends({ bars: filled, width }: { bars: readonly Bar[]; width: number }): ReactNode {
  const [first, last] = [filled[0], filled.at(-1)];
  return first && last ? <Span from={first.start} to={last.start + width} width={width} /> : null;
}

function Span({ from, to, width }: { from: number; to: number; width: number }): ReactNode {
  const isFine = width < BUCKET_MS.day;
  const write = (time: number) =>
    new Date(time).toLocaleString("en", {
      day: "numeric",
      month: "short",
      ...(isFine ? { hour: "2-digit", minute: "2-digit", hour12: false } : {}),
    });
  return (
    <span className="quiet">
      {write(from)} – {write(to)}
    </span>
  );
}
