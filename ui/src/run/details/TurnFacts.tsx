import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { lookOf } from "@/agents/looks";
import { CopyButton } from "@/design/CopyButton";
import { Icon } from "@/design/icons";
import { exact, usd } from "@/formats/numbers";
import { between, duration, moment } from "@/formats/time";
import { useRun } from "../RunContext";
import { useTurn } from "../useTurns";

const ACTS: Record<string, string> = {
  message: "Message",
  tool_call: "Tool call",
  tool_result: "Tool result",
  handoff: "Handoff",
  verdict: "Verdict",
  ending: "Ending",
};

/** Everything narrow that is known of the selected turn. */
export function TurnFacts({ index }: { index: number }): ReactNode {
  const { looks, select, runId } = useRun();
  const turn = useTurn(index);
  const facts: Array<[string, ReactNode]> = turn
    ? [
        ["Speaker", lookOf(looks, turn.speaker).name],
        ["To", turn.addressees.map((id) => lookOf(looks, id).name).join(", ") || null],
        ["Tool", turn.tool_name],
        ["Model", turn.model],
        ["Input", turn.input_tokens === null ? null : `${exact(turn.input_tokens)} tokens`],
        ["Output", turn.output_tokens === null ? null : `${exact(turn.output_tokens)} tokens`],
        ["Cost", turn.cost_usd === null ? null : usd(turn.cost_usd)],
        ["Took", between(turn.start, turn.end) === null ? null : duration(between(turn.start, turn.end))],
        ["At", turn.start ? moment(turn.start) : null],
      ]
    : [];
  return (
    <section className="detail">
      <header className="detail-head">
        <h2>
          {turn ? <Avatar look={lookOf(looks, turn.speaker)} /> : null}
          Turn {exact(index)}
          <span className="quiet">{turn ? ACTS[turn.act] : ""}</span>
        </h2>
        <CopyButton text={location.href} label="Copy a link to this turn" />
        <button type="button" className="copy" aria-label="Select no turn" onClick={() => select({ turn: undefined })}>
          <Icon name="close" size={14} />
        </button>
      </header>
      <dl className="facts">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="num">{value}</dd>
            </div>
          ),
        )}
      </dl>
      {turn?.span_id ? <Recorded runId={runId} spanId={turn.span_id} isCall={turn.model !== null} /> : null}
    </section>
  );
}

/** The record behind the turn, and the way to ask the same again. */
function Recorded({ runId, spanId, isCall }: { runId: string; spanId: string; isCall: boolean }): ReactNode {
  return (
    <p className="detail-links">
      {isCall ? (
        <Link
          to="/gateway/try"
          search={(current) => ({ project: current.project, run: runId, span: spanId })}
          className="detail-link"
          title="The same messages, tools and settings, to ask again or to ask another model"
        >
          Open in Try
          <Icon name="arrow" size={12} />
        </Link>
      ) : null}
      <Link
        to="/runs/$runId"
        params={{ runId }}
        search={(current) => ({ ...current, view: "raw" as const, span: spanId })}
        className="detail-link"
      >
        What was recorded
        <Icon name="arrow" size={12} />
      </Link>
    </p>
  );
}
