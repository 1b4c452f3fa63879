import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Group, type RunsFilter, stats } from "@/api/queries";
import { count, percent, sum, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";
import { quote } from "@/runs/query";
import { useProject } from "@/shell/project";

const MOST = 12;

/** Runs by system, agent or model, the busiest first; each leads to its runs. */
export function GroupTable({ title, group, filter }: { title: string; group: Group; filter: RunsFilter }): ReactNode {
  const found = useQuery(stats(useProject(), filter, "total", group)).data?.items ?? [];
  const rows = found.filter((row) => row.group).sort((a, b) => b.runs - a.runs);
  if (rows.length === 0) return null;
  return (
    <section className="group panel">
      <h2>{title}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Runs</th>
            <th scope="col">Failed</th>
            <th scope="col">Tokens</th>
            <th scope="col">Cost</th>
            <th scope="col">Median</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map((row) => (
            <tr key={row.group}>
              <td>
                <Link
                  to="/"
                  search={(current) => ({ ...current, q: `${group}:${quote(row.group ?? "")}` })}
                  className="group-link truncate"
                  title={row.group ?? ""}
                >
                  {row.group}
                </Link>
              </td>
              <td className="num">{count(row.runs)}</td>
              <td className="num">
                {count(row.failures)} <span className="quiet">{percent(row.failures, row.runs)}</span>
              </td>
              <td className="num">{count(sum(row.input_tokens, row.output_tokens))}</td>
              <td className="num">{usd(row.cost_usd)}</td>
              <td className="num">{duration(row.latency_p50_s === null ? null : row.latency_p50_s * 1000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST ? <p className="quiet">and {rows.length - MOST} more</p> : null}
    </section>
  );
}
