import type { ReactNode } from "react";
import type { Report } from "@/api/schema";
import { exact } from "@/formats/numbers";
import { quote } from "@/runs/query";
import { RunsLink } from "@/statistics/RunsLink";
import { narrowed } from "@/statistics/terms";
import { share } from "@/statistics/text";

const MOST = 10;

/** With which agent failed runs began to fail: the likeliest origin of each. */
export function FirstAgents({ report, q }: { report: Report; q: string }): ReactNode {
  const agents = report.first_agents;
  if (agents.length === 0) return null;
  return (
    <section className="study-panel panel" aria-labelledby="agents-title">
      <header>
        <h2 id="agents-title">Where failures begin</h2>
        <span className="quiet">first failing agent</span>
      </header>
      <ul className="clusters">
        {agents.slice(0, MOST).map((agent) => (
          <li key={agent.name}>
            <div className="cluster-head">
              <RunsLink q={narrowed(q, `began:${quote(agent.name)}`)}>{agent.name}</RunsLink>
              <span className="num">
                {exact(agent.runs)} <span className="quiet">{share(agent.share, 0)}</span>
              </span>
            </div>
            <span className="share-bar" style={{ width: `${100 * agent.share}%` }} aria-hidden="true" />
          </li>
        ))}
      </ul>
      {agents.length > MOST ? <p className="quiet">and {agents.length - MOST} more</p> : null}
    </section>
  );
}
