import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { diagnose, job } from "@/api/jobs";
import type { RunsFilter } from "@/api/queries";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import type { Selection } from "../selection";
import type { Bulk } from "./useBulk";

type Props = { selection: Selection; filter: RunsFilter; bulk: Bulk; onEnd: () => void };

/** Starts the diagnosis of the chosen runs and shows how far it is; the page can be left meanwhile. */
export function Diagnosing({ selection, filter, bulk, onEnd }: Props): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [jobId, setJobId] = useState<string | null>(null);
  const isStarted = useRef(false);
  const latest = useRef({ selection, filter, bulk, onEnd });
  latest.current = { selection, filter, bulk, onEnd };
  useEffect(() => {
    if (isStarted.current) return;
    isStarted.current = true;
    const asked = latest.current;
    const which = asked.selection.isAllMatching ? asked.filter : { run_ids: [...asked.selection.ids] };
    diagnose(project, which).then(
      (started) => setJobId(started.id),
      (error: Error) => {
        asked.bulk.say({ text: error.message, isError: true });
        asked.onEnd();
      },
    );
  }, [project]);
  const state = useQuery(job(project, jobId)).data;
  const isOver = state !== undefined && state.ended !== null;
  useEffect(() => {
    if (!isOver || !state) return;
    const { done, total, problem } = state;
    const text = total === 0 ? "These runs are diagnosed already" : `${plural(done, "run")} diagnosed`;
    latest.current.bulk.say(problem ? { text: problem, isError: true } : { text, isError: false });
    void queryClient.invalidateQueries({ queryKey: [project] });
    latest.current.onEnd();
  }, [isOver, state, project, queryClient]);
  return (
    <p className="bulk-said" role="status">
      {state ? `Diagnosing: ${state.done} of ${plural(state.total, "run")}` : "Diagnosing…"}
      <progress max={state?.total || 1} value={state?.done ?? 0} aria-label="Runs diagnosed" />
    </p>
  );
}
