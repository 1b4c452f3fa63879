import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { waterfall } from "@/api/queries";
import { Code } from "@/text/Code";
import { useRun } from "../RunContext";
import { useTurn } from "../useTurns";
import { SpanRecord } from "./SpanRecord";
import "./raw.css";

/** What was recorded, beside what Masthead read out of it. */
export function RawView(): ReactNode {
  const { project, runId, turn, span } = useRun();
  const read = useTurn(turn);
  const spans = useQuery({ ...waterfall(project, runId), enabled: turn === null && span === null });
  const root = spans.data?.find((each) => each.parent_span_id === null) ?? spans.data?.[0];
  const spanId = span ?? read?.span_id ?? (turn === null ? (root?.span_id ?? null) : null);
  const isOfTurn = read !== undefined && (span === null || span === read.span_id);
  return (
    <div className="raw">
      {spanId === null ? (
        <p className="notice quiet">{read ? "The log gives no span for this turn." : "Choose a turn with j and k."}</p>
      ) : (
        <SpanRecord key={spanId} spanId={spanId} />
      )}
      {isOfTurn ? (
        <section className="record">
          <h2>Read as turn {read.index}</h2>
          <Code text={JSON.stringify(read, null, 2)} language="json" />
        </section>
      ) : null}
    </div>
  );
}
