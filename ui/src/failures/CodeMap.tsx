import type { ReactNode } from "react";
import type { Report } from "@/api/schema";
import { nameOf } from "@/findings/names";
import { exact } from "@/formats/numbers";
import { KeyPicker } from "@/statistics/KeyPicker";
import { RunsLink } from "@/statistics/RunsLink";
import { Scroll } from "@/statistics/Scroll";
import { narrowed, termOf } from "@/statistics/terms";
import { share } from "@/statistics/text";

type Props = { report: Report; q: string; by: string; onBy: (key: string) => void };

/** In what share of each group's runs a code occurs: darker is more, and every cell says its number. */
export function CodeMap({ report, q, by, onBy }: Props): ReactNode {
  const rates = new Map(report.by[0]?.rates.map((rate) => [rate.group, rate]));
  const isMetadata = report.keys.find(({ key }) => key === by)?.is_metadata ?? false;
  const highest = Math.max(
    0.01,
    ...report.code_map.flatMap((row) => row.counts.map((count) => count / (row.runs || 1))),
  );
  return (
    <section className="study-panel panel" aria-labelledby="map-title">
      <header>
        <h2 id="map-title">Where failure modes occur</h2>
        <KeyPicker label="By" keys={report.keys} value={by} onChange={onBy} />
      </header>
      {report.code_map.length === 0 ? (
        <p className="study-note">No run has a value for “{by}”.</p>
      ) : (
        <Scroll label="Where failure modes occur">
          <table className="study-table map">
            <caption className="sr-only">Share of runs with each failure mode, by {by}</caption>
            <thead>
              <tr>
                <th scope="col">{by}</th>
                <th scope="col">Runs</th>
                <th scope="col">Success</th>
                {report.codes.map(({ code }) => (
                  <th key={code} scope="col" className="map-code">
                    <RunsLink q={narrowed(q, `code:${code}`)} title={nameOf(code) ?? code}>
                      {code}
                      <span className="map-name">{nameOf(code)}</span>
                    </RunsLink>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {report.code_map.map((row) => {
                const term = termOf(by, row.group, isMetadata);
                return (
                  <tr key={row.group}>
                    <th scope="row">
                      <RunsLink q={narrowed(q, term)} className="study-link map-group truncate" title={row.group}>
                        {row.group}
                      </RunsLink>
                    </th>
                    <td className="num">{exact(row.runs)}</td>
                    <td className="num">{share(rates.get(row.group)?.of_attempted)}</td>
                    {row.counts.map((count, place) => {
                      const code = report.codes[place]?.code ?? "";
                      return (
                        <Cell
                          key={code}
                          part={row.runs === 0 ? 0 : count / row.runs}
                          highest={highest}
                          q={count === 0 ? null : narrowed(q, `code:${code}`, term)}
                          label={`${code} in ${exact(count)} of ${exact(row.runs)} runs of ${row.group}`}
                        />
                      );
                    })}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

type CellProps = { part: number; highest: number; q: string | null; label: string };

function Cell({ part, highest, q, label }: CellProps): ReactNode {
  const shown = share(part, part < 0.0995 ? 1 : 0);
  const depth = part === 0 ? 0 : 8 + (52 * part) / highest;
  return (
    <td className="map-cell num" style={{ "--depth": `${depth}%` } as React.CSSProperties}>
      {part === 0 ? (
        <span className="quiet">0</span>
      ) : (
        <RunsLink q={q} label={`${shown}: ${label}`} title={label} className="map-link">
          {shown}
        </RunsLink>
      )}
    </td>
  );
}
