import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { usage } from "@/api/gateway";
import type { Range } from "@/api/queries";
import { RangePicker } from "@/runs/RangePicker";
import { bucketFor, reachOf, resolve } from "@/runs/range";
import "@/runs/runs.css";
import { useMinute } from "@/runs/useRuns";
import { Wait } from "@/settings/Wait";
import { useProject } from "@/shell/project";
import { BY_WORDS, USAGE_BY } from "./by";
import { LimitsPanel } from "./LimitsPanel";
import { Snippet } from "./Snippet";
import { UsageCharts } from "./UsageCharts";
import { UsageFigures } from "./UsageFigures";
import { UsageTable } from "./UsageTable";

const route = getRouteApi("/gateway/usage");
const FIRST_RANGE = "-7d";

/** What calls through the gateway used: over time, and by model, key, agent, end user, run or connection. */
export function UsagePart(): ReactNode {
  const { since = FIRST_RANGE, until, by = "model" } = route.useSearch();
  const navigate = route.useNavigate();
  const project = useProject();
  const now = useMinute();
  const range = useMemo((): Range => {
    const [from, to] = [resolve(since, now), resolve(until, now)];
    return { ...(from ? { since: from } : {}), ...(to ? { until: to } : {}) };
  }, [since, until, now]);
  const whole = useQuery(usage(project, range, "total"));
  const total = whole.data?.items[0];
  const reach = reachOf(range, total ? [{ start: total.start }, { start: total.last }] : []);
  const bucket = reach ? bucketFor(reach.to - reach.from) : "day";
  const buckets = useQuery({ ...usage(project, range, bucket), enabled: reach !== null });
  const grouped = useQuery(usage(project, range, "total", by));
  return (
    <>
      <div className="gateway-line">
        <RangePicker
          since={since === "all" ? undefined : since}
          until={until}
          onChange={(range) =>
            void navigate({ search: (current) => ({ ...current, ...range, since: range.since ?? "all" }) })
          }
        />
      </div>
      <Wait asked={whole}>
        {({ shadows }) =>
          total === undefined ? (
            <Snippet title="No call in this time" />
          ) : (
            <>
              <UsageFigures total={total} shadows={shadows} />
              <Wait asked={buckets}>{({ items }) => <UsageCharts rows={items} bucket={bucket} />}</Wait>
              <fieldset className="range usage-by">
                <legend className="sr-only">Add up by</legend>
                <div className="segmented">
                  {USAGE_BY.map((each) => (
                    <button
                      key={each}
                      type="button"
                      aria-pressed={each === by}
                      onClick={() => void navigate({ search: (current) => ({ ...current, by: each }) })}
                    >
                      {BY_WORDS[each].one}
                    </button>
                  ))}
                </div>
              </fieldset>
              <Wait asked={grouped}>
                {({ items, is_cut }) => <UsageTable by={by} rows={items} total={total} isCut={is_cut} />}
              </Wait>
            </>
          )
        }
      </Wait>
      <LimitsPanel />
    </>
  );
}
