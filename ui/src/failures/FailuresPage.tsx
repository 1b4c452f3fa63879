import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useRef } from "react";
import { report } from "@/api/reports";
import type { Report } from "@/api/schema";
import { Coverage } from "@/jobs/Coverage";
import { askedBy } from "@/runs/asked";
import { QueryBar } from "@/runs/QueryBar";
import { RangePicker } from "@/runs/RangePicker";
import { useMinute } from "@/runs/useRuns";
import { Failure } from "@/shell/Failure";
import { useKeys } from "@/shell/keys";
import { useProject } from "@/shell/project";
import { Advice } from "./Advice";
import { Clusters } from "./Clusters";
import { CodeMap } from "./CodeMap";
import { CodeTable } from "./CodeTable";
import { FailuresFigures } from "./FailuresFigures";
import { FirstAgents } from "./FirstAgents";
import { NoRuns, NothingDiagnosed } from "./Nothing";
import { Pairs } from "./Pairs";
import { Trends } from "./Trends";
import { Worst } from "./Worst";
import "@/runs/runs.css";
import "@/statistics/statistics.css";
import "./failures.css";

const route = getRouteApi("/failures");
const DEFAULT_KEY = "system";

/** Where runs fail most: which failure modes, where, since when, together with which, at what cost, and what to change. */
export function FailuresPage(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useMinute();
  const asked = useMemo(() => askedBy(search, now), [search, now]);
  const by = search.by ?? DEFAULT_KEY;
  const found = useQuery(report(useProject(), asked.filter, [by]));
  const bar = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => bar.current?.focus() });
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (current) => ({ ...current, ...change }), replace: true });
  return (
    <div className="study">
      <header className="study-head">
        <h1>Failures</h1>
        <QueryBar
          ref={bar}
          value={asked.q}
          problems={asked.parsed.problems}
          filter={asked.filter}
          onChange={(q) => set({ q: q || undefined })}
        />
        <RangePicker since={search.since} until={search.until} onChange={set} />
      </header>
      <div className="study-body" aria-busy={found.isFetching}>
        {found.error ? (
          <Failure error={found.error} onRetry={() => void found.refetch()} />
        ) : found.data ? (
          <Found
            report={found.data}
            q={asked.q}
            by={by}
            filter={asked.filter}
            onBy={(key) => set({ by: key === DEFAULT_KEY ? undefined : key })}
          />
        ) : (
          <Waiting />
        )}
      </div>
    </div>
  );
}

type FoundProps = {
  report: Report;
  q: string;
  by: string;
  filter: Parameters<typeof report>[1];
  onBy: (key: string) => void;
};

function Found({ report: found, q, by, filter, onBy }: FoundProps): ReactNode {
  if (found.coverage.runs === 0) return <NoRuns isFiltered={Object.keys(filter).length > 0} />;
  const coverage = <Coverage coverage={found.coverage} filter={filter} />;
  if (found.coverage.diagnosed === 0)
    return (
      <>
        {coverage}
        <NothingDiagnosed />
      </>
    );
  return (
    <>
      {coverage}
      {found.is_cut ? <p className="study-note">Only the latest 50,000 runs are looked at; narrow the time.</p> : null}
      <FailuresFigures report={found} />
      <CodeMap report={found} q={q} by={by} onBy={onBy} />
      <CodeTable report={found} q={q} />
      <div className="study-two">
        <div className="study-stack">
          <Advice advice={found.advice} q={q} />
          <FirstAgents report={found} q={q} />
        </div>
        <div className="study-stack">
          <Clusters clusters={found.clusters} />
          <Pairs report={found} q={q} />
        </div>
      </div>
      <Trends report={found} />
      <Worst worst={found.worst} />
    </>
  );
}

function Waiting(): ReactNode {
  return (
    <>
      <span className="sr-only" role="status">
        Loading
      </span>
      {[84, 240, 200].map((height) => (
        <div key={height} className="skeleton" style={{ height }} />
      ))}
    </>
  );
}
