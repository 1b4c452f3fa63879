import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { RunsFilter } from "@/api/queries";
import { isOpen, jobs, startDiagnoses, stopJob } from "@/api/reports";
import type { Job } from "@/api/schema";
import { useProject } from "@/shell/project";

const CHANGED = ["report", "compare", "agreement", "runs", "found", "observations"];

/** The diagnosis of many runs in a job: the one that goes on, whoever began it, and ways to begin and to stop it. */
export function useDiagnose() {
  const project = useProject();
  const queryClient = useQueryClient();
  const all = useQuery(jobs(project));
  const latest = all.data?.items.find((job) => job.kind === "diagnoses");
  const running: Job | undefined = latest && isOpen(latest) ? latest : undefined;
  const wasRunning = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (wasRunning.current !== undefined && running?.id !== wasRunning.current) {
      for (const kind of CHANGED) void queryClient.invalidateQueries({ queryKey: [project, kind] });
    }
    wasRunning.current = running?.id;
  }, [running?.id, project, queryClient]);
  const refresh = () => queryClient.invalidateQueries({ queryKey: [project, "jobs"] });
  const start = useMutation({
    mutationFn: ({ filter, runIds }: { filter: RunsFilter; runIds?: readonly string[] }) =>
      startDiagnoses(project, filter, runIds),
    onSuccess: refresh,
  });
  const stop = useMutation({ mutationFn: (id: string) => stopJob(project, id), onSuccess: refresh });
  return { running, latest, start, stop };
}
