import type { ReactNode } from "react";
import type { Bucket } from "@/api/queries";
import type { UsageRow } from "@/api/types";
import { Chart } from "@/overview/Chart";

/** Use over time: calls, cost, tokens and latency. */
export function UsageCharts({
  rows,
  bucket,
}: {
  rows: readonly UsageRow[];
  bucket: Exclude<Bucket, "total">;
}): ReactNode {
  return (
    <div className="charts">
      <Chart
        title="Calls"
        rows={rows}
        bucket={bucket}
        series={[
          { name: "calls", of: (row) => row.calls, tone: "quiet" },
          { name: "failed", of: (row) => row.errors, tone: "bad" },
        ]}
      />
      <Chart
        title="Cost"
        rows={rows}
        bucket={bucket}
        unit="usd"
        series={[
          {
            name: "cost",
            of: (row) => (row.cost_usd === null ? null : Number(row.cost_usd)),
            tone: "accent",
          },
        ]}
      />
      <Chart
        title="Tokens"
        rows={rows}
        bucket={bucket}
        series={[
          { name: "in", of: (row) => row.input_tokens, tone: "quiet" },
          { name: "out", of: (row) => row.output_tokens, tone: "accent" },
        ]}
      />
      <Chart
        title="Latency"
        rows={rows}
        bucket={bucket}
        unit="seconds"
        series={[
          { name: "p95", of: (row) => row.latency_p95_s, tone: "quiet" },
          { name: "p50", of: (row) => row.latency_p50_s, tone: "accent" },
        ]}
      />
    </div>
  );
}
