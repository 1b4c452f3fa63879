import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { UsageRow } from "@/api/types";
import { count, percent, plural, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";
import { quote } from "@/runs/query";
import { Wide } from "@/settings/Wide";
import { BY_WORDS, type UsageBy } from "./by";
import { type Order, SortHead } from "./SortHead";
import { sorted } from "./sorted";
import { seconds } from "./UsageFigures";

type Props = { by: UsageBy; rows: readonly UsageRow[]; total: UsageRow; isCut: boolean };

const COLUMNS: ReadonlyArray<{ word: string; of: (row: UsageRow) => number | null }> = [
  { word: "Calls", of: (row) => row.calls },
  { word: "Failed", of: (row) => row.errors / row.calls },
  { word: "Cache hits", of: (row) => row.cache_hits },
  { word: "Tokens in", of: (row) => row.input_tokens },
  { word: "out", of: (row) => row.output_tokens },
  { word: "Cost", of: (row) => (row.cost_usd === null ? null : Number(row.cost_usd)) },
  { word: "p50", of: (row) => row.latency_p50_s },
  { word: "p95", of: (row) => row.latency_p95_s },
  { word: "First chunk", of: (row) => row.first_chunk_p50_s },
];

/** Use by group, the dearest first, or by any other column; a bar shows each one's share of the cost, or of the calls where no price is known. */
export function UsageTable({ by, rows, total, isCut }: Props): ReactNode {
  const word = BY_WORDS[by];
  const cost = Number(total.cost_usd ?? 0);
  const [order, setOrder] = useState<Order | null>(null);
  const shareOf = (row: UsageRow) => (cost > 0 ? Number(row.cost_usd ?? 0) / cost : row.calls / total.calls);
  return (
    <Wide label={`Use by ${word.one.toLowerCase()}`}>
      <table className="ledger usage">
        <thead>
          <tr>
            <th scope="col">{word.one}</th>
            <th scope="col">Share of {cost > 0 ? "cost" : "calls"}</th>
            {COLUMNS.map((column) => (
              <SortHead key={column.word} word={column.word} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, COLUMNS.find(({ word }) => word === order?.word)?.of, order?.isRising ?? false).map((row) => (
            <tr key={row.group ?? ""}>
              <th scope="row">
                <Name by={by} row={row} />
              </th>
              <td>
                <Bar share={shareOf(row)} />
              </td>
              <td className="num">{count(row.calls)}</td>
              <td className="num">{row.errors > 0 ? percent(row.errors, row.calls) : "0"}</td>
              <td className="num">{count(row.cache_hits)}</td>
              <td className="num">{count(row.input_tokens)}</td>
              <td className="num">{count(row.output_tokens)}</td>
              <td className="num">
                {usd(row.cost_usd)}
                {row.unpriced > 0 ? <span className="quiet"> +{count(row.unpriced)} unpriced</span> : null}
              </td>
              <td className="num">{duration(seconds(row.latency_p50_s))}</td>
              <td className="num">{duration(seconds(row.latency_p95_s))}</td>
              <td className="num">{duration(seconds(row.first_chunk_p50_s))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {isCut ? <p className="quiet">The {plural(rows.length, "dearest one", "dearest")} only.</p> : null}
    </Wide>
  );
}

function Bar({ share }: { share: number }): ReactNode {
  return (
    <span className="usage-share">
      <span className="usage-bar" aria-hidden="true">
        <span style={{ width: `${Math.min(100, share * 100)}%` }} />
      </span>
      <span className="num quiet">{percent(share, 1)}</span>
    </span>
  );
}

function Name({ by, row }: { by: UsageBy; row: UsageRow }): ReactNode {
  const { group } = row;
  if (group === null) return <span className="quiet">{BY_WORDS[by].none}</span>;
  if (by === "run")
    return (
      <Link to="/runs/$runId" params={{ runId: group }} className="group-link">
        <code>{group.slice(0, 8)}</code>
        {row.agents.length > 0 ? <span className="quiet"> {row.agents.join(", ")}</span> : null}
      </Link>
    );
  if (by === "model" || by === "agent" || by === "user")
    return (
      <Link to="/" search={(current) => ({ ...current, q: `${by}:${quote(group)}` })} className="group-link">
        {group}
      </Link>
    );
  return <>{row.label ?? group}</>;
}
