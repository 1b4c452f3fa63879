import type { ReactNode } from "react";
import { lookOf } from "@/agents/looks";
import { Icon } from "@/design/icons";
import { nameOf, sureness } from "@/findings/names";
import type { Finding } from "@/findings/select";
import { useRun } from "../RunContext";
import { useAgree } from "./useFindings";

const SOURCES: Record<string, string> = { code: "by code", llm: "by a model", human: "by a person" };
const MOST_TURNS = 12;

/** What was found, by whom, how surely, and whether the reader agrees. */
export function FindingCard({ finding }: { finding: Finding }): ReactNode {
  const { score } = finding;
  const isOrigin = score.name === "origin";
  const sure = sureness(score.confidence);
  return (
    <section className={isOrigin ? "finding is-origin" : "finding"} aria-label={`Finding ${score.name}`}>
      <header className="finding-head">
        <Icon name="flag" size={13} />
        {isOrigin ? <OriginTitle finding={finding} /> : <CodeTitle finding={finding} />}
        <span className="quiet">
          {score.evaluator}, {SOURCES[score.source]}
          {sure === null ? null : ` · ${sure} sure`}
        </span>
        {score.source === "human" ? null : <Agreement finding={finding} />}
      </header>
      {finding.reason ? <p className="finding-reason">{finding.reason}</p> : null}
      <Evidence finding={finding} />
    </section>
  );
}

function OriginTitle({ finding }: { finding: Finding }): ReactNode {
  const { looks } = useRun();
  const agent = finding.score.subject.agent ?? finding.score.label;
  return <strong>Began here{agent === null ? "" : `, with ${lookOf(looks, agent).name}`}</strong>;
}

function CodeTitle({ finding: { score } }: { finding: Finding }): ReactNode {
  const value = score.label ?? (score.number === null ? null : String(Math.round(score.number * 1000) / 1000));
  return (
    <>
      <strong>{score.name}</strong>
      <span>{nameOf(score.name)}</span>
      {value === null ? null : <span>{value}</span>}
    </>
  );
}

function Evidence({ finding: { evidence } }: { finding: Finding }): ReactNode {
  const { select, turn } = useRun();
  if (evidence.length === 0) return null;
  return (
    <p className="finding-evidence quiet">
      Turns
      {evidence.slice(0, MOST_TURNS).map((index) => (
        <button
          key={index}
          type="button"
          className="turn-link num"
          disabled={index === turn}
          onClick={() => select({ turn: index })}
        >
          {index}
        </button>
      ))}
      {evidence.length > MOST_TURNS ? ` and ${evidence.length - MOST_TURNS} more` : null}
    </p>
  );
}

function Agreement({ finding }: { finding: Finding }): ReactNode {
  const { write, evaluator, canWrite } = useAgree();
  const mine = finding.people.find((score) => score.evaluator === evaluator)?.flag ?? null;
  if (!canWrite) return null;
  return (
    <span className="agreement">
      {([true, false] as const).map((flag) => (
        <button
          key={String(flag)}
          type="button"
          className="button"
          title={flag ? "Agree (a)" : "Disagree (x)"}
          aria-pressed={mine === flag}
          disabled={write.isPending}
          onClick={() => write.mutate({ finding, flag })}
        >
          <Icon name={flag ? "check" : "cross"} size={13} />
          {flag ? "Agree" : "Disagree"}
        </button>
      ))}
      {write.error ? (
        <span className="tone-bad" role="alert">
          {write.error.message}
        </span>
      ) : null}
    </span>
  );
}
