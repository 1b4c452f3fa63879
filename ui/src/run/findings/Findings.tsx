import type { ReactNode } from "react";
import { Icon } from "@/design/icons";
import { useRun } from "../RunContext";
import type { Finding } from "./select";
import { useAgree, useFindings } from "./useFindings";

/** The findings that begin at a turn, and a mark where the turn is evidence for another one. */
export function Findings({ turn }: { turn: number }): ReactNode {
  const findings = useFindings();
  if (findings.length === 0) return null;
  const here = findings.filter((finding) => finding.turn === turn);
  const cited = findings.filter((finding) => finding.turn !== turn && finding.evidence.includes(turn));
  if (here.length + cited.length === 0) return null;
  return (
    <div className="findings">
      {here.map((finding) => (
        <FindingCard key={finding.key} finding={finding} />
      ))}
      {cited.map((finding) => (
        <span key={finding.key} className="finding-cited">
          <Icon name="flag" size={12} />
          Evidence for {finding.score.name}
        </span>
      ))}
    </div>
  );
}

const SOURCES: Record<string, string> = { code: "by code", llm: "by a model", human: "by a person" };

function shownValue({ score }: Finding): string | null {
  return score.label ?? (score.number === null ? null : String(Math.round(score.number * 1000) / 1000));
}

/** What was found, by whom, how surely, and whether the reader agrees. */
export function FindingCard({ finding }: { finding: Finding }): ReactNode {
  const { select, turn } = useRun();
  const { score } = finding;
  const value = shownValue(finding);
  return (
    <section className="finding" aria-label={`Finding ${score.name}`}>
      <header className="finding-head">
        <Icon name="flag" size={13} />
        <strong>{score.name}</strong>
        {value === null ? null : <span>{value}</span>}
        <span className="quiet">
          {score.evaluator}, {SOURCES[score.source]}
          {score.confidence === null ? null : ` · ${Math.round(score.confidence * 100)}% sure`}
        </span>
        {score.source === "human" ? null : <Agreement finding={finding} />}
      </header>
      {score.reason ? <p className="finding-reason">{score.reason}</p> : null}
      {finding.evidence.length > 0 ? (
        <p className="finding-evidence quiet">
          Turns
          {finding.evidence.slice(0, 12).map((index) => (
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
          {finding.evidence.length > 12 ? ` and ${finding.evidence.length - 12} more` : null}
        </p>
      ) : null}
    </section>
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
