import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RunsFilter } from "@/api/queries";
import { report } from "@/api/reports";
import type { Report } from "@/api/schema";
import { Trends } from "@/failures/Trends";
import { nameOf } from "@/findings/names";
import { exact, percent } from "@/formats/numbers";
import { Coverage } from "@/jobs/Coverage";
import { useProject } from "@/shell/project";
import "@/statistics/statistics.css";
import "@/failures/failures.css";

const MOST = 8;

/** The failure modes of the range, over time where the records have times. */
export function Codes({ filter }: { filter: RunsFilter }): ReactNode {
  const found = useQuery(report(useProject(), filter, ["system"]));
  if (!found.data) return null;
  return (
    <>
      <Coverage coverage={found.data.coverage} filter={filter} />
      {found.data.trends.length > 1 ? <Trends report={found.data} /> : <Commonest report={found.data} />}
    </>
  );
}

function Commonest({ report: found }: { report: Report }): ReactNode {
  const diagnosed = found.coverage.diagnosed;
  if (diagnosed === 0) return null;
  return (
    <section className="group panel" aria-labelledby="codes-title">
      <h2 id="codes-title">Failure codes</h2>
      {found.codes.length === 0 ? <p className="quiet">No detector that is on found one in these runs.</p> : null}
      <table>
        <tbody>
          {found.codes.slice(0, MOST).map(({ code, runs }) => (
            <tr key={code}>
              <td>
                <Link to="/" search={(current) => ({ ...current, q: `code:${code}` })} className="group-link truncate">
                  {code} {nameOf(code)}
                </Link>
              </td>
              <td className="num">{exact(runs)}</td>
              <td className="num quiet">{percent(runs, diagnosed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
