import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Worst as WorstOf } from "@/api/schema";
import { exact, UNKNOWN } from "@/formats/numbers";
import { Scroll } from "@/statistics/Scroll";
import { share } from "@/statistics/text";

/** The runs that lost most after their failure began; each leads to the turn where it began. */
export function Worst({ worst }: { worst: readonly WorstOf[] }): ReactNode {
  if (worst.length === 0) return null;
  return (
    <section className="study-panel panel" aria-labelledby="worst-title">
      <header>
        <h2 id="worst-title">Runs that lost most</h2>
      </header>
      <Scroll label="Runs that lost most">
        <table className="study-table">
          <thead>
            <tr>
              <th scope="col">Task</th>
              <th scope="col" className="is-text">
                Failure modes
              </th>
              <th scope="col" className="is-text">
                Began with
              </th>
              <th scope="col">At turn</th>
              <th scope="col">Turns after</th>
              <th scope="col">Lost</th>
            </tr>
          </thead>
          <tbody>
            {worst.map((run) => (
              <tr key={run.run_id}>
                <th scope="row" className="worst-task">
                  <Link
                    to="/runs/$runId"
                    params={{ runId: run.run_id }}
                    search={(current) => ({
                      ...(current.project ? { project: current.project } : {}),
                      ...(run.origin_turn === null ? {} : { turn: run.origin_turn }),
                    })}
                    className="study-link truncate"
                    title={run.task ?? run.run_id}
                  >
                    {run.task ?? run.run_id.slice(0, 12)}
                  </Link>
                </th>
                <td className="is-text">{run.codes.join(", ") || "none found"}</td>
                <td className="is-text">{run.origin_agent ?? "unknown"}</td>
                <td className="num">{run.origin_turn ?? UNKNOWN}</td>
                <td className="num">{exact(run.turns_after)}</td>
                <td className="num">{share(run.share_lost, 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}
