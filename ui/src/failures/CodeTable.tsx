import { type ReactNode, useState } from "react";
import type { CodeRow, Report } from "@/api/schema";
import { nameOf } from "@/findings/names";
import { exact, UNKNOWN, usd } from "@/formats/numbers";
import { RunsLink } from "@/statistics/RunsLink";
import { Scroll } from "@/statistics/Scroll";
import { fromZero, ticks } from "@/statistics/scale";
import { narrowed } from "@/statistics/terms";
import { between, share, tick } from "@/statistics/text";
import { Axis, Whisker } from "@/statistics/Whisker";
import { COLUMNS, type Column, sorted, spentAfter } from "./cost";

/** How often each failure mode occurs, with its interval, and what came after it began. */
export function CodeTable({ report, q }: { report: Report; q: string }): ReactNode {
  const [order, setOrder] = useState<Column>("runs");
  const line = fromZero(report.codes.map(({ interval }) => interval?.high ?? 0));
  if (report.codes.length === 0)
    return (
      <section className="study-panel panel">
        <h2>Failure modes</h2>
        <p className="study-note">No detector that is on found a failure mode in these runs.</p>
      </section>
    );
  return (
    <section className="study-panel panel" aria-labelledby="codes-title">
      <header>
        <h2 id="codes-title">Failure modes and what they cost</h2>
        <span className="quiet">a run with two modes counts for both</span>
      </header>
      <Scroll label="Failure modes">
        <table className="study-table">
          <thead>
            <tr>
              <th scope="col">Failure mode</th>
              <th scope="col" className="is-plot">
                <span className="sr-only">Share of runs, 95% interval</span>
                <Axis values={ticks(line, 2)} write={tick} />
              </th>
              {COLUMNS.map(({ column, label }) => (
                <th
                  key={column}
                  scope="col"
                  className={column === "runs" ? "" : "is-minor"}
                  aria-sort={column === order ? "descending" : "none"}
                >
                  <button type="button" className="sort" onClick={() => setOrder(column)}>
                    {label}
                    <span aria-hidden="true">{column === order ? " ↓" : ""}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted(report.codes, order).map((row) => (
              <Row key={row.code} row={row} q={q} line={line} />
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Row({ row, q, line }: { row: CodeRow; q: string; line: ReturnType<typeof fromZero> }): ReactNode {
  const said = `${share(row.share)} of runs, 95%: ${between(row.interval, share)}`;
  return (
    <tr>
      <th scope="row">
        <RunsLink q={narrowed(q, `code:${row.code}`)}>
          {row.code} <span className="code-name">{nameOf(row.code)}</span>
        </RunsLink>
      </th>
      <td className="is-plot" title={said}>
        <Whisker scale={line} value={row.share} interval={row.interval} label={said} />
      </td>
      <td className="num">
        {exact(row.runs)} <span className="quiet">{share(row.share)}</span>
      </td>
      <td className="num is-minor">{share(row.of_failed)}</td>
      <td className="num is-minor">{share(row.of_succeeded)}</td>
      <td className="num is-minor">{share(row.mean_share_lost, 0)}</td>
      <td className="num is-minor">{spentAfter(row.lost)}</td>
      <td className="num is-minor">{row.lost.usd_after === null ? UNKNOWN : usd(row.lost.usd_after)}</td>
    </tr>
  );
}
