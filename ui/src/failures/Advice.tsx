import type { ReactNode } from "react";
import type { Advice as AdviceOf } from "@/api/schema";
import { RunsLink } from "@/statistics/RunsLink";
import { narrowed } from "@/statistics/terms";

const MOST = 5;

/** What to change, the most frequent and costly failure mode first. */
export function Advice({ advice, q }: { advice: readonly AdviceOf[]; q: string }): ReactNode {
  if (advice.length === 0) return null;
  return (
    <section className="study-panel panel" aria-labelledby="advice-title">
      <header>
        <h2 id="advice-title">What to change first</h2>
        <span className="quiet">by how often × how costly</span>
      </header>
      <ol className="code-advice">
        {advice.slice(0, MOST).map((each) => (
          <li key={each.code}>
            <h3>
              <RunsLink q={narrowed(q, `code:${each.code}`)}>
                {each.code} <span className="code-name">{each.name}</span>
              </RunsLink>
            </h3>
            <p className="quiet">{each.reason}</p>
            <ul>
              {each.changes.map((change) => (
                <li key={change}>{change}</li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </section>
  );
}
