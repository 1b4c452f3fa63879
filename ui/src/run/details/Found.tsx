import type { ReactNode } from "react";
import { Avatar } from "@/agents/Avatar";
import { lookOf } from "@/agents/looks";
import { sureness } from "@/findings/names";
import type { Finding } from "@/findings/select";
import { FindingCard } from "../findings/FindingCard";
import { useFindings } from "../findings/useFindings";
import { useRun } from "../RunContext";

/** What was found, in order of its turns, and the ranked guesses at where it began. */
export function Found(): ReactNode {
  const { codes, origins } = useFindings();
  return (
    <>
      {codes.length > 0 ? (
        <section className="detail">
          <h2>
            Findings <span className="quiet num">{codes.length}</span>
          </h2>
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

function Origin({ finding: { score, turn, reason } }: { finding: Finding }): ReactNode {
  const { looks, select } = useRun();
  const agent = score.subject.agent ?? score.label;
  const look = agent === null ? null : lookOf(looks, agent);
  return (
    <li>
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
          <span className="origin-sure num">
            {score.source === "human" ? "by a person" : (sureness(score.confidence) ?? "unsure")}
          </span>
        </span>
        {reason ? <span className="origin-reason">{reason}</span> : null}
      </button>
    </li>
  );
}
