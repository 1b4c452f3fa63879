import { useCallback, useMemo, useRef, useState } from "react";
import type { Run } from "@/api/types";

export type Selection = {
  ids: ReadonlySet<string>;
  /** Every run that matches the filter is meant, not only those that are loaded. */
  isAllMatching: boolean;
  toggle: (index: number, isRange: boolean) => void;
  selectLoaded: () => void;
  selectMatching: () => void;
  clear: () => void;
};

/** The ids between two places, both included. */
export function between(runs: readonly Run[], from: number, to: number): string[] {
  return runs.slice(Math.min(from, to), Math.max(from, to) + 1).map((run) => run.run_id);
}

/** Which runs are chosen. A range goes from the place that was toggled last. What left the list is chosen no more. */
export function useSelection(runs: readonly Run[]): Selection {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isAllMatching, setIsAllMatching] = useState(false);
  const anchor = useRef<string | null>(null);
  const listed = useRef(runs);
  listed.current = runs;

  const toggle = useCallback((index: number, isRange: boolean) => {
    const all = listed.current;
    const run = all[index];
    if (!run) return;
    setIsAllMatching(false);
    const start = isRange ? all.findIndex((each) => each.run_id === anchor.current) : -1;
    setChosen((before) => {
      const after = new Set(before);
      if (start >= 0) for (const id of between(all, start, index)) after.add(id);
      else if (!after.delete(run.run_id)) after.add(run.run_id);
      return after;
    });
    anchor.current = run.run_id;
  }, []);
  const selectLoaded = useCallback(() => setChosen(new Set(listed.current.map((run) => run.run_id))), []);
  const selectMatching = useCallback(() => setIsAllMatching(true), []);
  const clear = useCallback(() => {
    setChosen(new Set());
    setIsAllMatching(false);
    anchor.current = null;
  }, []);

  const ids = useMemo(() => new Set(runs.map((run) => run.run_id).filter((id) => chosen.has(id))), [runs, chosen]);
  return useMemo(
    () => ({ ids, isAllMatching: isAllMatching && ids.size > 0, toggle, selectLoaded, selectMatching, clear }),
    [ids, isAllMatching, toggle, selectLoaded, selectMatching, clear],
  );
}
