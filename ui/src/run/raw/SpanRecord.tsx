import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { span as spanQuery } from "@/api/queries";
import type { Span } from "@/api/types";
import { CopyButton } from "@/design/CopyButton";
import { Icon } from "@/design/icons";
import { usd } from "@/formats/numbers";
import { between, duration, moment } from "@/formats/time";
import { Failure } from "@/shell/Failure";
import { useRun } from "../RunContext";
import { Attributes } from "./Attributes";
import "./raw.css";

/** One span exactly as it was recorded. */
export function SpanRecord({ spanId, onClose }: { spanId: string; onClose?: () => void }): ReactNode {
  const { project, runId } = useRun();
  const found = useQuery(spanQuery(project, runId, spanId));
  if (found.error) return <Failure error={found.error} onRetry={() => void found.refetch()} />;
  return found.data ? (
    <Record span={found.data} onClose={onClose} />
  ) : (
    <div className="record skeleton record-waiting" />
  );
}

function Record({ span, onClose }: { span: Span; onClose?: (() => void) | undefined }): ReactNode {
  const [wanted, setWanted] = useState("");
  return (
    <section className="record">
      <header className="record-head">
        <h2 className="truncate">{span.name}</h2>
        <CopyButton text={JSON.stringify(span, null, 2)} label="Copy the span as JSON" />
        {onClose ? (
          <button type="button" className="copy" aria-label="Close the span" onClick={onClose}>
            <Icon name="close" size={14} />
          </button>
        ) : null}
      </header>
      <dl className="facts">
        <Fact name="Span">
          <code>{span.span_id}</code>
        </Fact>
        <Fact name="Status">
          <span className={span.status === "error" ? "tone-bad" : undefined}>
            {span.status}
            {span.status_message ? `: ${span.status_message}` : ""}
          </span>
        </Fact>
        <Fact name="Took">{duration(between(span.start, span.end))}</Fact>
        <Fact name="Started">{moment(span.start)}</Fact>
        {span.cost_usd === null ? null : (
          <Fact name="Cost">
            {usd(span.cost_usd)} <span className="quiet">{span.price_version}</span>
          </Fact>
        )}
        {span.scope_name ? <Fact name="Recorder">{`${span.scope_name} ${span.scope_version ?? ""}`}</Fact> : null}
      </dl>
      <input
        className="field"
        type="text"
        aria-label="Find in the attributes"
        placeholder="Find in the attributes"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <Attributes title="Attributes" values={span.attributes} wanted={wanted} />
      {span.events.map((event, index) => (
        <Attributes
          // biome-ignore lint/suspicious/noArrayIndexKey: events of one span never reorder.
          key={index}
          title={`Event ${event.name}`}
          note={moment(event.time)}
          values={event.attributes}
          wanted={wanted}
        />
      ))}
      {span.links.map((link) => (
        <Attributes key={link.span_id} title={`Link to ${link.span_id}`} values={link.attributes} wanted={wanted} />
      ))}
      <Attributes title="Resource" values={span.resource} wanted={wanted} />
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}
