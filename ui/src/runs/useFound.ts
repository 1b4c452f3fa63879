import { useQueries } from "@tanstack/react-query";
import { createContext, useContext, useMemo } from "react";
import { RUNS_A_PAGE, scoresOfRuns } from "@/api/queries";
import type { Run, Score } from "@/api/types";
import { type Found, findingsOf } from "@/findings/select";
import { useProject } from "@/shell/project";

const EMPTY: Found = { codes: [], origins: [] };

/** What was found in each of the listed runs, asked a page of runs at a time. */
export function useFoundInRuns(runs: readonly Run[]): ReadonlyMap<string, Found> {
  const project = useProject();
  const pages = useMemo(() => {
    const ids = runs.map((run) => run.run_id);
    return Array.from({ length: Math.ceil(ids.length / RUNS_A_PAGE) }, (_, page) =>
      ids.slice(page * RUNS_A_PAGE, (page + 1) * RUNS_A_PAGE),
    );
  }, [runs]);
  return useQueries({ queries: pages.map((ids) => scoresOfRuns(project, ids)), combine: byRun });
}

function byRun(answers: ReadonlyArray<{ data?: Score[] | undefined }>): ReadonlyMap<string, Found> {
  const scores = new Map<string, Score[]>();
  for (const score of answers.flatMap((answer) => answer.data ?? [])) {
    const known = scores.get(score.subject.run_id);
    if (known) known.push(score);
    else scores.set(score.subject.run_id, [score]);
  }
  return new Map([...scores].map(([runId, those]) => [runId, findingsOf(those)]));
}

const FoundContext = createContext<ReadonlyMap<string, Found>>(new Map());
export const FoundProvider = FoundContext.Provider;

export function useFound(runId: string): Found {
  return useContext(FoundContext).get(runId) ?? EMPTY;
}
