import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { newest, type RunsFilter, runs } from "@/api/queries";
import type { Run } from "@/api/types";
import { useProject } from "@/shell/project";
import { type Asked, askedBy, quickly } from "./asked";

const MINUTE = 60_000;
/** How long the words must stand before everything that was said is searched for them. */
const SETTLE_MS = 450;

export function useAsked(): Asked {
  const { q, since, until } = useSearch({ from: "/" });
  const now = useMinute();
  return useMemo(() => askedBy({ q, since, until }, now), [q, since, until, now]);
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

/** Whether the words have stood long enough; without words there is nothing to wait for. */
function useSettled(text: string | undefined): boolean {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), text === undefined ? 0 : SETTLE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return text === undefined || settled === text;
}

/**
 * The runs of a filter, page after page. Words are looked for twice: at once in what runs are about, and when they
 * stand, in everything that was said. While live, the list is asked anew when its newest run changes.
 */
export function useRuns(filter: RunsFilter, isLive: boolean) {
  const project = useProject();
  const queryClient = useQueryClient();
  const isSettled = useSettled(filter.text);
  const deep = useInfiniteQuery({ ...runs(project, filter), enabled: isSettled });
  const isDeepHere = deep.isSuccess && !deep.isPlaceholderData;
  const isQuick = filter.text !== undefined && !isDeepHere && !deep.isError;
  const quick = useInfiniteQuery({ ...runs(project, quickly(filter)), enabled: isQuick });
  const list = isQuick ? quick : deep;
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const isWatched = isLive && isDeepHere && filter.text === undefined;
  const head = useQuery({ ...newest(project, filter), enabled: isWatched });
  const isStale = isWatched && head.data !== undefined && !isSame(head.data.items[0], items[0]);
  useEffect(() => {
    if (!isStale) return;
    for (const kind of ["runs", "stats", "facets"]) void queryClient.invalidateQueries({ queryKey: [project, kind] });
  }, [isStale, project, queryClient]);
  return { list, items, isSearching: isQuick, isComplete: isDeepHere };
}

function isSame(a: Run | undefined, b: Run | undefined): boolean {
  return a?.run_id === b?.run_id && a?.spans === b?.spans && a?.outcome === b?.outcome;
}
