import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { type RunsFilter, stats } from "@/api/queries";
import { RangePicker } from "@/runs/RangePicker";
import { resolve } from "@/runs/range";
import { useBars } from "@/runs/useBars";
import { useMinute } from "@/runs/useRuns";
import { Failure } from "@/shell/Failure";
import { useProject } from "@/shell/project";
import { Chart } from "./Chart";
import { Codes } from "./Codes";
import { Figures } from "./Figures";
import { GroupTable } from "./GroupTable";
import { Unpriced } from "./Unpriced";
import "./overview.css";

const route = getRouteApi("/overview");

/** How the project is doing: how many runs, how they ended, what they cost, how long they took, and by whom. */
export function OverviewPage(): ReactNode {
  const { since, until } = route.useSearch();
  const navigate = route.useNavigate();
  const now = useMinute();
  const filter = useMemo((): RunsFilter => {
    const [from, to] = [resolve(since, now), resolve(until, now)];
    return { ...(from ? { since: from } : {}), ...(to ? { until: to } : {}) };
  }, [since, until, now]);
  const { bucket } = useBars(filter);
  const project = useProject();
  const buckets = useQuery(stats(project, filter, bucket));
  if (buckets.error) return <Failure error={buckets.error} onRetry={() => void buckets.refetch()} />;
  const rows = buckets.data?.items ?? [];
  return (
    <div className="overview">
      <header className="page-head">
        <h1>Overview</h1>
        <RangePicker
          since={since}
          until={until}
          onChange={(range) => void navigate({ search: (current) => ({ ...current, ...range }) })}
        />
      </header>
      <Figures filter={filter} />
      <div className="charts">
        <Chart
          title="Runs"
          rows={rows}
          bucket={bucket}
          series={[{ name: "runs", of: (row) => row.runs, tone: "accent" }]}
        />
        <Chart
          title="Failures"
          rows={rows}
          bucket={bucket}
          series={[{ name: "failed", of: (row) => row.failures, tone: "bad" }]}
        />
        <Chart
          title="Cost"
          rows={rows}
          bucket={bucket}
          unit="usd"
          series={[
            { name: "cost", of: (row) => (row.cost_usd === null ? null : Number(row.cost_usd)), tone: "accent" },
          ]}
        />
        <Chart
          title="Duration"
          rows={rows}
          bucket={bucket}
          unit="seconds"
          series={[
            { name: "p95", of: (row) => row.latency_p95_s, tone: "quiet" },
            { name: "p50", of: (row) => row.latency_p50_s, tone: "accent" },
          ]}
        />
      </div>
      <Codes filter={filter} />
      <div className="groups">
        <GroupTable title="Systems" group="system" filter={filter} />
        <GroupTable title="Agents" group="agent" filter={filter} />
        <GroupTable title="Models" group="model" filter={filter} />
      </div>
      <Unpriced filter={filter} />
    </div>
  );
}
