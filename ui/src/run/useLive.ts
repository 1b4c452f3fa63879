import { type Query, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { LIVE_MS, run, TURNS_A_PAGE } from "@/api/queries";
import type { RunDetail } from "@/api/types";

/** A run whose last span is younger than this may still be going on. */
const QUIET_MS = 10 * 60_000;

function isGoingOn(detail: RunDetail | undefined): boolean {
  return detail !== undefined && Date.now() - Date.parse(detail.run.end) < QUIET_MS;
}

/** A long log that was just sent may still be coming in, whatever times it bears: so long a page looks for more. */
const ARRIVING_MS = 20_000;

/** A span of it lasts until just now and no end was recorded: it is shown as going on, with what there is so far. */
const OPEN_MS = 60_000;

export function isStillOpen(detail: RunDetail): boolean {
  const hasNoEnd = detail.ending.kind === "unknown" || detail.ending.kind === "unfinished";
  return hasNoEnd && detail.run.outcome === null && Date.now() - Date.parse(detail.run.end) < OPEN_MS;
}

/** The run's head, asked again while it may be going on; when it has grown, what its growth touches is asked anew. */
export function useLive(project: string, runId: string) {
  const queryClient = useQueryClient();
  const opened = useRef(Date.now());
  const head = useQuery({
    ...run(project, runId),
    refetchInterval: ({ state }) => {
      const isJustOpened = Date.now() - opened.current < ARRIVING_MS;
      return isGoingOn(state.data) || (state.data && isJustOpened) ? LIVE_MS : false;
    },
  });
  const spans = head.data?.run.spans;
  const seen = useRef<{ spans: number; turns: number } | null>(null);
  const turns = head.data?.turns ?? 0;
  useEffect(() => {
    if (spans === undefined) return;
    const before = seen.current;
    seen.current = { spans, turns };
    if (before === null || before.spans === spans) return;
    const firstTouched = Math.floor(Math.min(before.turns, turns) / TURNS_A_PAGE);
    void queryClient.invalidateQueries({
      queryKey: [project, "run", runId],
      predicate: (query) => isTouched(query, firstTouched),
    });
  }, [spans, turns, project, runId, queryClient]);
  return head;
}

function isTouched(query: Query, firstTouched: number): boolean {
  const [, , , kind, page] = query.queryKey;
  if (kind === "turns") return Number(page) >= firstTouched;
  return kind === "outline" || kind === "flow" || kind === "hits" || kind === "waterfall" || kind === "scores";
}
