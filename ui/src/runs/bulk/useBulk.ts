import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { RunsFilter } from "@/api/queries";
import { MOST_MATCHING, matching, RUNS_AT_ONCE } from "@/api/shelf";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import type { Selection } from "../selection";

export type Said = { text: string; isError: boolean };
/** Does an act on some runs, at most a request's worth of them; says how many it concerned. */
export type Act = (runIds: string[]) => Promise<number>;

export type Bulk = {
  said: Said | null;
  isBusy: boolean;
  say: (said: Said | null) => void;
  /** Acts on the chosen runs, part by part, says what was done, and asks for the named lists anew. */
  act: (act: Act, done: (runs: number) => string) => Promise<boolean>;
  ids: () => Promise<string[]>;
};

/** What the acts on many runs share: the ids, the parts, the word afterwards. */
export function useBulk(selection: Selection, filter: RunsFilter): Bulk {
  const project = useProject();
  const queryClient = useQueryClient();
  const [said, say] = useState<Said | null>(null);
  const [isBusy, setIsBusy] = useState(false);

  async function ids(): Promise<string[]> {
    return selection.isAllMatching ? await matching(project, filter) : [...selection.ids];
  }
  async function act(one: Act, done: (runs: number) => string): Promise<boolean> {
    setIsBusy(true);
    let runs = 0;
    try {
      const all = await ids();
      for (let at = 0; at < all.length; at += RUNS_AT_ONCE) runs += await one(all.slice(at, at + RUNS_AT_ONCE));
      const limit =
        all.length === MOST_MATCHING ? ` ${plural(MOST_MATCHING, "run")} at a time: repeat for the rest.` : "";
      say({ text: done(runs) + limit, isError: false });
      return true;
    } catch (error) {
      const before = runs > 0 ? ` ${plural(runs, "run")} were done before.` : "";
      say({ text: `${(error as Error).message}${before}`, isError: true });
      return false;
    } finally {
      setIsBusy(false);
      void queryClient.invalidateQueries({ queryKey: [project] });
    }
  }
  return { said, isBusy, say, act, ids };
}
