import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Icon } from "@/design/icons";
import { Outcome } from "@/design/Outcome";
import { firstLine } from "@/formats/json";
import { count, exact, plural, sum, UNKNOWN, usd } from "@/formats/numbers";
import { ago, duration, moment } from "@/formats/time";
import { Verdict } from "./head/Verdict";
import { useRun } from "./RunContext";
import { isStillOpen } from "./useLive";

const ENDINGS: Record<string, string> = {
  completed: "Completed",
  error: "Broke off with an error",
  limit: "Stopped at a limit",
  stopped: "Stopped by a guard",
  unfinished: "Did not finish",
  unknown: "Ending not recorded",
};

/** What the run was, how it ended, and what it cost. */
export function RunHeader(): ReactNode {
  const { detail, hasTimes } = useRun();
  const { run } = detail;
  const [isWhole, setIsWhole] = useState(false);
  const task = (detail.task ?? run.task ?? "").trim();
  const title = firstLine(task) || run.name || run.run_id;
  const isLong = task.length > title.length || title.length > 120;
  return (
    <header className="run-head">
      <div className="run-title">
        <Link to="/" className="button button-ghost button-icon" aria-label="Back to all runs">
          <Icon name="back" />
        </Link>
        <Outcome outcome={run.outcome} />
        <h1 className={isWhole ? "run-task whole" : "run-task truncate"} title={isWhole ? undefined : title}>
          {isWhole ? task : title}
        </h1>
        {isLong ? (
          <button
            type="button"
            className="button button-ghost"
            aria-expanded={isWhole}
            onClick={() => setIsWhole(!isWhole)}
          >
            {isWhole ? "Less" : "Whole task"}
          </button>
        ) : null}
      </div>
      <dl className="run-facts">
        <End />
        {run.system ? <Fact name="System">{run.system}</Fact> : null}
        <Fact name="Agents">{count(detail.agents.filter((agent) => agent.kind === "agent").length)}</Fact>
        <Fact name="Turns">{exact(detail.turns)}</Fact>
        {run.errors > 0 ? (
          <Fact name="Errors">
            <span className="tone-bad">{plural(run.errors, "span")}</span>
          </Fact>
        ) : null}
        <Fact name="Duration">
          {hasTimes && run.duration_s !== null ? (
            duration(run.duration_s * 1000)
          ) : (
            <span title="The log has no times">{UNKNOWN}</span>
          )}
        </Fact>
        <Fact name="Tokens">
          <span title={`${exact(run.input_tokens)} in, ${exact(run.output_tokens)} out`}>
            {count(sum(run.input_tokens, run.output_tokens))}
          </span>
        </Fact>
        <Fact name="Cost">{usd(run.cost_usd)}</Fact>
        <Fact name="Started">
          <time dateTime={run.start} title={moment(run.start)}>
            {ago(run.start, Date.now())}
          </time>
        </Fact>
      </dl>
      <Verdict />
    </header>
  );
}

/** How it ended, or that it goes on. */
function End(): ReactNode {
  const { detail, hasTimes } = useRun();
  if (hasTimes && isStillOpen(detail))
    return (
      <Fact name="Now">
        <span className="going-on">Going on</span>
      </Fact>
    );
  const { kind, reason } = detail.ending;
  return (
    <Fact name="Ended">
      {ENDINGS[kind] ?? kind}
      {reason ? (
        <>
          {" · "}
          <span className="quiet">{firstLine(reason)}</span>
        </>
      ) : null}
    </Fact>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <div className="fact">
      <dt>{name}</dt>
      <dd className="num">{children}</dd>
    </div>
  );
}
