import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { lookOf } from "@/agents/looks";
import { Icon } from "@/design/icons";
import { type Finding, isRejected } from "@/findings/select";
import { FindingCard } from "../findings/FindingCard";
import { useLabelling } from "../findings/Labelling";
import { useFindings } from "../findings/useFindings";
import { belief } from "../head/Who";
import { useRun } from "../RunContext";

/** What was found, in order of its turns, and the ranked guesses at where it began. */
export function Found(): ReactNode {
  const { codes, origins } = useFindings();
  const { canWrite, open } = useLabelling();
  return (
    <>
      {codes.length > 0 || canWrite ? (
        <section className="detail">
          <header className="detail-head">
            <h2>
              Findings <span className="quiet num">{codes.length}</span>
            </h2>
            {canWrite ? (
              <button type="button" className="button" title="Say what nobody found (f)" onClick={() => open(null)}>
                <Icon name="flag" size={12} />
                Add
              </button>
            ) : null}
          </header>
          {codes.map((finding) => (
            <FindingCard key={finding.key} finding={finding} />
          ))}
        </section>
      ) : null}
      {origins.length > 0 ? (
        <section className="detail">
          <h2>Where it began</h2>
          <ol className="origins">
            {origins.map((finding) => (
              <Origin key={finding.key} finding={finding} />
            ))}
          </ol>
        </section>
      ) : null}
    </>
  );
}

function Origin({ finding }: { finding: Finding }): ReactNode {
  const { looks, select } = useRun();
  const { score, turn, reason } = finding;
  const agent = score.subject.agent ?? score.label;
  const look = agent === null ? null : lookOf(looks, agent);
  return (
    <li className={isRejected(finding) ? "is-rejected" : undefined}>
      <button
        type="button"
        className="origin"
        disabled={turn === null}
        onClick={() => turn !== null && select({ turn })}
      >
        <span className="origin-head">
          {look ? <Avatar look={look} /> : null}
          <strong className="truncate">{look?.name ?? "Unknown agent"}</strong>
          {turn === null ? null : <span className="num quiet">turn {turn}</span>}
          <span className="origin-sure num">{belief(finding, 0)}</span>
        </span>
        {reason ? <span className="origin-reason">{reason}</span> : null}
      </button>
    </li>
  );
}
