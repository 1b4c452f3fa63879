import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { lookOf } from "@/agents/looks";
import type { RunsBeside } from "@/api/types";
import { Icon } from "@/design/icons";
import { Outcome } from "@/design/Outcome";
import { nameOf } from "@/findings/names";
import { isRejected } from "@/findings/select";
import { firstLine } from "@/formats/json";
import { count, exact, sum, usd } from "@/formats/numbers";
import { ago, duration } from "@/formats/time";
import { useFindings } from "@/run/findings/useFindings";
import { belief } from "@/run/head/Who";
import { useRun } from "@/run/RunContext";
import { summary } from "./items";
import type { Within } from "./Side";

/** Both runs' outcome, findings and figures, and in a sentence how they relate. */
export function Heads({ beside, left, right }: { beside: RunsBeside; left: Within; right: Within }): ReactNode {
  return (
    <header className="beside-head">
      <div className="beside-title">
        <Link
          to="/runs/$runId"
          params={{ runId: beside.left_run_id }}
          className="button button-ghost button-icon"
          aria-label="Back to the run"
        >
          <Icon name="back" />
        </Link>
        <h1>Two runs side by side</h1>
        <p>{summary(beside)}</p>
        <Link
          to="/runs/$runId/beside/$otherId"
          params={{ runId: beside.right_run_id, otherId: beside.left_run_id }}
          className="button"
        >
          Swap sides
        </Link>
      </div>
      <div className="beside-heads">
        {left(<Head />)}
        {right(<Head />)}
      </div>
    </header>
  );
}

function Head(): ReactNode {
  const { detail, runId, hasTimes } = useRun();
  const { run } = detail;
  const title = firstLine((detail.task ?? run.task ?? "").trim()) || run.name || runId;
  const facts: Array<[string, string]> = [
    ["System", run.system ?? "–"],
    ["Turns", exact(detail.turns)],
    ["Tokens", count(sum(run.input_tokens, run.output_tokens))],
    ["Cost", usd(run.cost_usd)],
    ["Duration", hasTimes && run.duration_s !== null ? duration(run.duration_s * 1000) : "–"],
    ["Started", ago(run.start, Date.now())],
  ];
  return (
    <section className="beside-run" aria-label={title}>
      <div className="beside-run-title">
        <Outcome outcome={run.outcome} />
        <Link to="/runs/$runId" params={{ runId }} className="truncate">
          {title}
        </Link>
      </div>
      <dl className="run-facts">
        {facts.map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
      <Said />
    </section>
  );
}

/** What was found in this run and with whom it began, in a line. */
function Said(): ReactNode {
  const { looks } = useRun();
  const { codes, origin, isPending } = useFindings();
  const names = [...new Set(codes.filter((finding) => !isRejected(finding)).map((finding) => finding.score.name))];
  if (isPending) return <p className="quiet">…</p>;
  if (names.length === 0 && !origin) return <p className="quiet">Nothing was found in it.</p>;
  const agent = origin?.score.subject.agent ?? origin?.score.label ?? null;
  return (
    <p className="beside-found">
      {names.map((name) => (
        <span key={name} className="badge bad" title={nameOf(name) ?? undefined}>
          <Icon name="flag" size={12} />
          {name}
        </span>
      ))}
      {origin && agent !== null ? (
        <span className="quiet" title={belief(origin, 0)}>
          began with {lookOf(looks, agent).name}, turn {origin.turn}
        </span>
      ) : null}
    </p>
  );
}
