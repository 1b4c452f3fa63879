import type { ReactNode } from "react";
import { lookOf } from "@/agents/looks";
import { Icon, type IconName } from "@/design/icons";
import { count, exact, sum, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";
import { useRun } from "../RunContext";
import type { Branch } from "./tree";

const ICONS: Record<string, IconName> = {
  workflow: "flow",
  agent: "agents",
  llm: "brain",
  tool: "tool",
  handoff: "arrow",
  retriever: "search",
};

type Props = {
  branch: Branch;
  top: number;
  from: number;
  length: number;
  isChosen: boolean;
  isFolded: boolean;
  /** What was found there, in words. */
  found: string | null;
  onFold: () => void;
  onChoose: () => void;
};

export function SpanRow({ branch, top, from, length, isChosen, isFolded, found, onFold, onChoose }: Props): ReactNode {
  const { looks } = useRun();
  const { span, depth, start, end, children } = branch;
  const agent = span.agent_id ?? span.agent;
  const look = agent === null ? null : lookOf(looks, agent);
  const share = (value: number) => (length > 0 ? `${(100 * value) / length}%` : "0%");
  return (
    <div
      className={`span-row ${look?.className ?? "agent-none"} ${isChosen ? "is-chosen" : ""} ${span.status === "error" ? "is-error" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className="span-name" style={{ paddingLeft: Math.min(depth, 12) * 14 }}>
        {children > 0 ? (
          <button
            type="button"
            className="span-fold"
            aria-expanded={!isFolded}
            aria-label={isFolded ? "Unfold" : "Fold"}
            onClick={onFold}
          >
            <Icon name="chevron" size={12} />
          </button>
        ) : (
          <span className="span-fold" />
        )}
        <button
          type="button"
          className="span-open"
          onClick={onChoose}
          aria-pressed={isChosen}
          title={span.status_message ?? span.name}
        >
          <Icon name={span.status === "error" ? "warn" : (ICONS[span.operation] ?? "dash")} size={13} />
          <span className="truncate">{span.name}</span>
          <FoundHere words={found} />
          {look && look.name !== span.name ? <span className="span-agent truncate">{look.name}</span> : null}
        </button>
      </span>
      <Figures branch={branch} />
      <span className="span-track" aria-hidden="true">
        <span className="span-bar" style={{ left: share(start - from), width: share(end - start) }} />
      </span>
    </div>
  );
}

function FoundHere({ words }: { words: string | null }): ReactNode {
  if (words === null) return null;
  return (
    <span className="span-found">
      <Icon name="flag" size={11} />
      {words}
    </span>
  );
}

/** Tokens, cost and how long it took; a log without times has no durations. */
function Figures({ branch: { span, start, end } }: { branch: Branch }): ReactNode {
  const { hasTimes } = useRun();
  const tokens = sum(span.input_tokens, span.output_tokens);
  return (
    <>
      <span className="waterfall-number" title={`${exact(span.input_tokens)} in, ${exact(span.output_tokens)} out`}>
        {tokens === null ? "" : count(tokens)}
      </span>
      <span className="waterfall-number">{span.cost_usd === null ? "" : usd(span.cost_usd)}</span>
      <span className="waterfall-number">{duration(hasTimes ? end - start : null)}</span>
    </>
  );
}
