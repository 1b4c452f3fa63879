import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Cluster } from "@/api/schema";
import { exact } from "@/formats/numbers";
import { share } from "@/statistics/text";

/** Failed runs that failed alike, each with its clearest example. */
export function Clusters({ clusters }: { clusters: readonly Cluster[] }): ReactNode {
  if (clusters.length === 0) return null;
  return (
    <section className="study-panel panel" aria-labelledby="clusters-title">
      <header>
        <h2 id="clusters-title">Failures that are alike</h2>
        <span className="quiet">same modes, same first agent, same ending</span>
      </header>
      <ul className="clusters">
        {clusters.map((cluster) => (
          <li key={cluster.label}>
            <div className="cluster-head">
              <span>{cluster.label}</span>
              <span className="num">
                {exact(cluster.runs)} <span className="quiet">{share(cluster.share, 0)}</span>
              </span>
            </div>
            <span className="share-bar" style={{ width: `${100 * cluster.share}%` }} aria-hidden="true" />
            <Link
              to="/runs/$runId"
              params={{ runId: cluster.example }}
              search={(current) => (current.project ? { project: current.project } : {})}
              className="cluster-example study-link truncate"
              title={cluster.example_task ?? cluster.example}
            >
              Example: {cluster.example_reason ?? cluster.example_task ?? cluster.example.slice(0, 12)}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
