import type { ReactNode } from "react";
import type { Scale } from "./scale";
import type { Interval } from "./text";
import "./statistics.css";

type Props = {
  scale: Scale;
  value: number | null;
  interval: Interval | null;
  /** Drawn as a grey band about zero: what could not have been seen. */
  band?: number | null;
  /** A short line for another value, such as a baseline. */
  mark?: number | null;
  zero?: boolean;
  isSure?: boolean;
  label: string;
};

/** A value with its interval on a line. What is sure is a filled dot, what is not an open one. */
export function Whisker({ scale, value, interval, band, mark, zero = false, isSure = true, label }: Props): ReactNode {
  return (
    <svg className="whisker" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label={label}>
      {band ? (
        <rect className="whisker-band" x={scale.at(-band)} width={scale.at(band) - scale.at(-band)} y={1} height={18} />
      ) : null}
      {zero ? <line className="whisker-zero" x1={scale.at(0)} x2={scale.at(0)} y1={0} y2={20} /> : null}
      {mark == null ? null : <line className="whisker-mark" x1={scale.at(mark)} x2={scale.at(mark)} y1={3} y2={17} />}
      {interval ? (
        <line className="whisker-line" x1={scale.at(interval.low)} x2={scale.at(interval.high)} y1={10} y2={10} />
      ) : null}
      {/* A line without length and with round ends: a dot that stays round however wide the plot is. */}
      {value === null ? null : (
        <>
          <line className="whisker-dot" x1={scale.at(value)} x2={scale.at(value)} y1={10} y2={10} />
          {isSure ? null : <line className="whisker-hole" x1={scale.at(value)} x2={scale.at(value)} y1={10} y2={10} />}
        </>
      )}
    </svg>
  );
}

/** The numbers under a column of whiskers. */
export function Axis({ values, write }: { values: readonly number[]; write: (value: number) => string }): ReactNode {
  return (
    <span className="axis num" aria-hidden="true">
      {values.map((value) => (
        <span key={value}>{write(value)}</span>
      ))}
    </span>
  );
}
