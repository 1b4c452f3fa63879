import type { ReactNode } from "react";
import { lookOf } from "@/agents/looks";
import { Icon } from "@/design/icons";
import { nameOf, sureness } from "@/findings/names";
import { type Finding, isRejected, ORIGIN } from "@/findings/select";
import { useRun } from "../RunContext";
import { AgreementFigure } from "./AgreementFigure";
import { FindingActions } from "./FindingActions";
import { useLabelling } from "./Labelling";

const SOURCES: Record<string, string> = { code: "a rule", llm: "a model", human: "a person" };
const MOST_TURNS = 12;

/** What was found, by whom, how surely, how well its evaluator agrees with people, and what the reader says of it. */
export function FindingCard({ finding }: { finding: Finding }): ReactNode {
  const { current } = useLabelling();
  const { score } = finding;
  const isOrigin = score.name === ORIGIN;
  const classes = [
    "finding",
    isOrigin ? "is-origin" : "",
    isRejected(finding) ? "is-rejected" : "",
    current?.key === finding.key ? "is-current" : "",
  ];
  return (
    <section className={classes.join(" ")} aria-label={`Finding ${score.name}`}>
      <header className="finding-head">
        <Icon name="flag" size={13} />
        {isOrigin ? <OriginTitle finding={finding} /> : <CodeTitle finding={finding} />}
        <FindingActions finding={finding} />
      </header>
      {finding.reason ? <p className="finding-reason">{finding.reason}</p> : null}
      <Evidence finding={finding} />
      <p className="finding-by">
        <Said finding={finding} />
        {score.source === "human" || isOrigin ? null : (
          <AgreementFigure evaluator={score.evaluator} code={score.name} />
        )}
      </p>
      <People finding={finding} />
    </section>
  );
}

function Said({ finding: { score } }: { finding: Finding }): ReactNode {
  const sure = sureness(score.confidence);
  if (score.source === "human") return <>Said by {score.evaluator}, a person</>;
  return (
    <>
      {sure === null ? "" : `${sure} sure · `}
      {score.evaluator}, {SOURCES[score.source]}
    </>
  );
}

/** What people say of it, each by name. */
function People({ finding: { score, people } }: { finding: Finding }): ReactNode {
  if (people.length === 0 || score.source === "human") return null;
  return (
    <p className="finding-by">
      {people.map((person) => (
        <span key={person.id} className="finding-person">
          <Icon name={person.flag === false ? "cross" : "check"} size={12} />
          {person.evaluator} {person.flag === false ? "disagrees" : "agrees"}
        </span>
      ))}
    </p>
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
      Evidence in {evidence.length === 1 ? "turn" : "turns"}
      {evidence.slice(0, MOST_TURNS).map((index) => (
        <button
          key={index}
          type="button"
          className="turn-link num"
          aria-label={`Turn ${index}`}
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
