import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { ApiError } from "@/api/client";
import type { RunsFilter } from "@/api/queries";
import { type Compared as Asked, comparisons, report } from "@/api/reports";
import type { Comparisons, Report } from "@/api/schema";
import { Coverage } from "@/jobs/Coverage";
import type { CompareSearch } from "@/router";
import { askedBy } from "@/runs/asked";
import { QueryBar } from "@/runs/QueryBar";
import { useMinute } from "@/runs/useRuns";
import { Failure } from "@/shell/Failure";
import { useKeys } from "@/shell/keys";
import { useProject } from "@/shell/project";
import { compared, modeOf, usualKey, usualWithin } from "./asked";
import { Choice } from "./Choice";
import { Codes } from "./Codes";
import { Differences, type Over } from "./Differences";
import { Rates } from "./Rates";
import "@/runs/runs.css";
import "@/statistics/statistics.css";
import "./compare.css";

const route = getRouteApi("/compare");
const NONE = "none";

/** Does one system, design, model or period fail less than another, and by which failure modes? */
export function ComparePage(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useMinute();
  const asked = useMemo(() => askedBy({ q: search.q }, now), [search.q, now]);
  const about = useQuery(report(useProject(), asked.filter, [search.by ?? "system"]));
  const bar = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => bar.current?.focus() });
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (current) => ({ ...current, ...change }), replace: true });
  return (
    <div className="study">
      <header className="study-head">
        <h1>Compare</h1>
        <QueryBar
          ref={bar}
          value={asked.q}
          problems={asked.parsed.problems}
          filter={asked.filter}
          onChange={(q) => set({ q: q || undefined })}
        />
      </header>
      <div className="study-body" aria-busy={about.isFetching}>
        {about.error ? (
          <Failure error={about.error} onRetry={() => void about.refetch()} />
        ) : about.data ? (
          <Compared about={about.data} filter={asked.filter} onChange={set} />
        ) : (
          <div className="skeleton compare-wait" />
        )}
      </div>
    </div>
  );
}

type ComparedProps = { about: Report; filter: RunsFilter; onChange: (change: CompareSearch) => void };

function Compared({ about, filter, onChange }: ComparedProps): ReactNode {
  const search = route.useSearch();
  const by = search.by ?? (modeOf(search) === "key" ? usualKey(about.keys) : undefined);
  const within = search.within === NONE ? undefined : (search.within ?? usualWithin(about.keys, by));
  const coverage = <Coverage coverage={about.coverage} filter={filter} />;
  if (about.coverage.diagnosed === 0)
    return (
      <>
        {coverage}
        <Teach runs={about.coverage.runs} />
      </>
    );
  return (
    <>
      {coverage}
      <Choice
        search={search}
        keys={about.keys}
        by={by ?? ""}
        within={within ?? ""}
        filter={filter}
        days={about.trends.map(({ day }) => day)}
        onChange={(change) => onChange("within" in change && !change.within ? { ...change, within: NONE } : change)}
      />
      <Outcome filter={filter} asked={compared(search, by, within)} />
    </>
  );
}

function Outcome({ filter, asked }: { filter: RunsFilter; asked: Asked | null }): ReactNode {
  const found = useQuery(comparisons(useProject(), filter, asked));
  if (asked === null) return <p className="study-note">Choose what to compare: two groups that have runs.</p>;
  if (found.error instanceof ApiError && found.error.status === 404)
    return (
      <p className="study-note" role="status">
        Nothing to compare: {found.error.message}.
      </p>
    );
  if (found.error) return <Failure error={found.error} onRetry={() => void found.refetch()} />;
  return found.data ? <Result found={found.data} /> : <div className="skeleton compare-wait" />;
}

function Result({ found }: { found: Comparisons }): ReactNode {
  const [over, setOver] = useState<Over>("attempted");
  return (
    <>
      <Differences comparisons={found.items} over={over} onOver={setOver} />
      <Rates comparisons={found.items} />
      <Codes comparisons={found.items} />
      <p className="study-note">
        Runs are paired by task and repetition where they can be: McNemar’s exact test, else Fisher’s; p-values are
        corrected for all comparisons shown (Holm). Intervals come from a bootstrap over whole tasks. “No difference
        seen” says no more than that a difference beyond the grey band would have been seen four times out of five.
      </p>
    </>
  );
}

function Teach({ runs }: { runs: number }): ReactNode {
  return (
    <section className="teach">
      <h2>{runs === 0 ? "No runs to compare" : "Diagnose first"}</h2>
      <p>
        A comparison says which system, design, model or period fails less, and which failure modes it adds or removes:
        with intervals, and with the least difference that your runs could have shown. It needs two groups of diagnosed
        runs, best of all the same tasks run by both.
      </p>
      <ol>
        <li>
          Give runs what tells them apart: the system’s name, the model, or metadata such as <code>design=prompt</code>{" "}
          and <code>seed=3</code>.
        </li>
        <li>Run the same tasks with both, more than once.</li>
        <li>Diagnose them; then choose here by what to compare.</li>
      </ol>
    </section>
  );
}
