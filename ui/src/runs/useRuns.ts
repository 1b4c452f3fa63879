import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { newest, type RunsFilter, runs } from "@/api/queries";
import type { Run } from "@/api/types";
import { useProject } from "@/shell/project";
import { type Parsed, parse } from "./query";
import { resolve } from "./range";

const MINUTE = 60_000;

/** What the address asks for: the parsed query, and the filter that the server is sent. */
export function useAsked(): { parsed: Parsed; filter: RunsFilter; q: string; since?: string; until?: string } {
  const { q = "", since, until } = useSearch({ from: "/" });
  const now = useMinute();
  return useMemo(() => {
    const parsed = parse(q);
    const [from, to] = [resolve(since, now), resolve(until, now)];
    const filter = { ...parsed.filter, ...(from ? { since: from } : {}), ...(to ? { until: to } : {}) };
    return { parsed, filter, q, ...(since ? { since } : {}), ...(until ? { until } : {}) };
  }, [q, since, until, now]);
}

/** The time, moving once a minute. */
export function useMinute(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** The runs of a filter, page after page, kept fresh: when the newest run changes, the list is asked anew. */
export function useRuns(filter: RunsFilter) {
  const project = useProject();
  const queryClient = useQueryClient();
  const list = useInfiniteQuery(runs(project, filter));
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const head = useQuery({ ...newest(project, filter), enabled: list.isSuccess });
  const isStale = head.data !== undefined && list.isSuccess && !isSame(head.data.items[0], items[0]);
  useEffect(() => {
    if (!isStale) return;
    for (const kind of ["runs", "stats", "facets"]) void queryClient.invalidateQueries({ queryKey: [project, kind] });
  }, [isStale, project, queryClient]);
  return { list, items };
}

function isSame(a: Run | undefined, b: Run | undefined): boolean {
  return a?.run_id === b?.run_id && a?.spans === b?.spans && a?.outcome === b?.outcome;
}
