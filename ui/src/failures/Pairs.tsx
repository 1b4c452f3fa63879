import type { ReactNode } from "react";
import type { PairRow, Report } from "@/api/schema";
import { nameOf } from "@/findings/names";
import { exact } from "@/formats/numbers";
import { RunsLink } from "@/statistics/RunsLink";
import { Scroll } from "@/statistics/Scroll";
import { narrowed } from "@/statistics/terms";
import { share } from "@/statistics/text";

const MOST = 10;

/** Which failure modes come together, how much oftener than by chance, and which of the two comes first. */
export function Pairs({ report, q }: { report: Report; q: string }): ReactNode {
  if (report.pairs.length === 0) return null;
  return (
    <section className="study-panel panel" aria-labelledby="pairs-title">
      <header>
        <h2 id="pairs-title">Together, and in which order</h2>
      </header>
      <Scroll label="Together">
        <table className="study-table">
          <thead>
            <tr>
              <th scope="col">Earlier → later</th>
              <th scope="col">In that order</th>
              <th scope="col">Runs</th>
              <th scope="col">Times chance</th>
            </tr>
          </thead>
          <tbody>
            {report.pairs.slice(0, MOST).map((pair) => (
              <Pair key={pair.first + pair.second} pair={pair} q={q} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Pair({ pair, q }: { pair: PairRow; q: string }): ReactNode {
  const isForward = pair.first_leads * 2 >= pair.runs;
  const [earlier, later] = isForward ? [pair.first, pair.second] : [pair.second, pair.first];
  const leads = isForward ? pair.first_leads : pair.runs - pair.first_leads;
  return (
    <tr>
      <th scope="row" title={`${nameOf(earlier) ?? earlier} → ${nameOf(later) ?? later}`}>
        <RunsLink q={narrowed(q, `code:${earlier}`)}>{earlier}</RunsLink> →{" "}
        <RunsLink q={narrowed(q, `code:${later}`)}>{later}</RunsLink>
      </th>
      <td className="num">{share(leads / pair.runs, 0)}</td>
      <td className="num">{exact(pair.runs)}</td>
      <td className="num">{pair.lift.toFixed(1)}</td>
    </tr>
  );
}
