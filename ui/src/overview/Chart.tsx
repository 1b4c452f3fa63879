import { type PointerEvent, type ReactNode, useState } from "react";
import type { Bucket } from "@/api/queries";
import { count, UNKNOWN, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";
import { BUCKET_MS } from "@/runs/range";

const HEIGHT = 120;
const FEWEST = 12;

export type Series<T> = { name: string; of: (row: T) => number | null; tone: "accent" | "bad" | "quiet" };
type Unit = "count" | "usd" | "seconds";
type Props<T> = {
  title: string;
  rows: readonly T[];
  bucket: Exclude<Bucket, "total">;
  series: readonly Series<T>[];
  unit?: Unit;
};

const WRITE: Record<Unit, (value: number | null) => string> = {
  count,
  usd,
  seconds: (value) => duration(value === null ? null : value * 1000),
};

/** Bars over time. What is unknown has no bar; pointing at a bar says its figures and its time. */
export function Chart<T extends { start: string }>({
  title,
  rows,
  bucket,
  series,
  unit = "count",
}: Props<T>): ReactNode {
  const [pointed, setPointed] = useState<number | null>(null);
  const write = WRITE[unit];
  const columns = columnsOf(rows, bucket);
  const highest = Math.max(0, ...columns.flatMap(({ row }) => series.map(({ of }) => (row ? (of(row) ?? 0) : 0))));
  const isUnknown = rows.every((row) => series.every(({ of }) => of(row) === null));
  const summary = isUnknown ? "unknown" : `highest ${write(highest)}`;
  const shown = pointed === null ? undefined : columns[pointed];
  function point(event: PointerEvent): void {
    const bounds = event.currentTarget.getBoundingClientRect();
    const place = Math.floor(((event.clientX - bounds.left) / bounds.width) * columns.length);
    setPointed(Math.min(columns.length - 1, Math.max(0, place)));
  }
  return (
    <figure className="chart panel">
      <figcaption>
        <h2>{title}</h2>
        <span className="num quiet">
          {shown
            ? `${when(shown.start, bucket)}: ${series.map(({ name, of }) => `${name} ${shown.row ? write(of(shown.row)) : UNKNOWN}`).join(", ")}`
            : summary}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${columns.length} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title} over time, at most ${write(highest)}`}
        onPointerMove={point}
        onPointerLeave={() => setPointed(null)}
      >
        <rect width={columns.length} height={HEIGHT} fill="transparent" />
        {columns.map(({ start, row }, x) =>
          series.map(({ name, of, tone }) => {
            const value = row ? of(row) : null;
            if (value === null || value === 0 || highest === 0) return null;
            const height = Math.max(1, (value / highest) * HEIGHT);
            const isDim = pointed !== null && pointed !== x;
            return (
              <rect
                key={`${start}${name}`}
                className={`chart-bar tone-${tone} ${isDim ? "is-dim" : ""}`}
                x={x + 0.12}
                y={HEIGHT - height}
                width={0.76}
                height={height}
              />
            );
          }),
        )}
      </svg>
      {columns.length > 0 ? (
        <div className="chart-axis num quiet">
          <span>{when(columns[0]?.start ?? 0, bucket)}</span>
          {series.length > 1 ? (
            <span className="chart-key">
              {series.map(({ name, tone }) => (
                <span key={name} className={`chart-name tone-${tone}`}>
                  {name}
                </span>
              ))}
            </span>
          ) : null}
          <span>{when(columns.at(-1)?.start ?? 0, bucket)}</span>
        </div>
      ) : null}
    </figure>
  );
}

function when(start: number, bucket: Exclude<Bucket, "total">): string {
  const isDay = bucket === "day" || bucket === "week";
  const time = isDay ? {} : ({ hour: "2-digit", minute: "2-digit", hour12: false } as const);
  const year = bucket === "week" ? ({ year: "numeric" } as const) : {};
  return new Date(start).toLocaleString("en", { month: "short", day: "numeric", ...year, ...time });
}

/** One column a bucket, quiet ones too, and never so few that one run fills the plot. */
function columnsOf<T extends { start: string }>(
  rows: readonly T[],
  bucket: Exclude<Bucket, "total">,
): Array<{ start: number; row: T | undefined }> {
  const width = BUCKET_MS[bucket];
  const byStart = new Map(rows.map((row) => [Date.parse(row.start), row]));
  const last = Math.max(...byStart.keys());
  if (!Number.isFinite(last)) return [];
  const first = Math.min(...byStart.keys(), last - (FEWEST - 1) * width);
  const length = Math.min(2000, Math.round((last - first) / width) + 1);
  return Array.from({ length }, (_, index) => {
    const start = first + index * width;
    return { start, row: byStart.get(start) };
  });
}
