import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { waterfall } from "@/api/queries";
import type { SpanSummary } from "@/api/types";
import { duration, milliseconds } from "@/formats/time";
import { Failure } from "@/shell/Failure";
import { useBySpan } from "../findings/useBySpan";
import { useRun } from "../RunContext";
import { SpanRecord } from "../raw/SpanRecord";
import { useTurn } from "../useTurns";
import { SpanRow } from "./SpanRow";
import { branches, ticks } from "./tree";
import "./timeline.css";

/** Spans as a waterfall: what ran when, how long it took, and what it cost. */
export function TimelineView(): ReactNode {
  const { project, runId } = useRun();
  const spans = useQuery(waterfall(project, runId));
  if (spans.data) return <Waterfall spans={spans.data} />;
  return spans.error ? <Failure error={spans.error} onRetry={() => void spans.refetch()} /> : null;
}

function Waterfall({ spans }: { spans: SpanSummary[] }): ReactNode {
  const { turn, span: chosen, hasTimes, select } = useRun();
  const scroller = useRef<HTMLDivElement>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => branches(spans, folded), [spans, folded]);
  const [start, end] = useMemo(() => reach(spans), [spans]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 28,
    overscan: 16,
  });
  const bySpan = useBySpan();
  const spanOfTurn = useTurn(turn)?.span_id ?? null;
  const shown = chosen ?? spanOfTurn;
  useEffect(() => {
    const place = shown === null ? -1 : rows.findIndex((row) => row.span.span_id === shown);
    if (place >= 0) virtual.scrollToIndex(place, { align: "auto" });
  }, [shown, rows, virtual]);
  function fold(spanId: string): void {
    const next = new Set(folded);
    if (!next.delete(spanId)) next.add(spanId);
    setFolded(next);
  }
  return (
    <div className="timeline">
      <div className="waterfall">
        {hasTimes ? null : (
          <p className="timeline-note">This log has no times: its spans stand in order, at even distances.</p>
        )}
        <div className="waterfall-head">
          <span>Span</span>
          <span className="waterfall-number">Tokens</span>
          <span className="waterfall-number">Cost</span>
          <span className="waterfall-number">Took</span>
          {hasTimes ? <Ruler length={end - start} /> : null}
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
        <section className="waterfall-scroll" ref={scroller} tabIndex={0} aria-label={`${spans.length} spans`}>
          <div className="waterfall-body" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              return row ? (
                <SpanRow
                  key={row.span.span_id}
                  branch={row}
                  top={item.start}
                  from={start}
                  length={end - start}
                  isChosen={row.span.span_id === shown}
                  found={bySpan.get(row.span.span_id) ?? null}
                  isFolded={folded.has(row.span.span_id)}
                  onFold={() => fold(row.span.span_id)}
                  onChoose={() => select({ span: row.span.span_id })}
                />
              ) : null;
            })}
          </div>
        </section>
      </div>
      {chosen === null ? null : (
        <div className="timeline-record">
          <SpanRecord spanId={chosen} onClose={() => select({ span: undefined })} />
        </div>
      )}
    </div>
  );
}

function Ruler({ length }: { length: number }): ReactNode {
  return (
    <span className="ruler num">
      {ticks(length).map((tick) => (
        <span key={tick} style={{ left: `${length > 0 ? (100 * tick) / length : 0}%` }}>
          {duration(tick)}
        </span>
      ))}
    </span>
  );
}

function reach(spans: readonly SpanSummary[]): [number, number] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const span of spans) {
    from = Math.min(from, milliseconds(span.start));
    to = Math.max(to, milliseconds(span.end));
  }
  return spans.length > 0 ? [from, to] : [0, 0];
}
