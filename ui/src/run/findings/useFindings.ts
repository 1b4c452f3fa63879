import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { client, data, inProject } from "@/api/client";
import { diagnosis, me, scores } from "@/api/queries";
import type { Diagnosis, Score } from "@/api/types";
import { diagnosedScores } from "@/findings/diagnosed";
import { type Finding, type Found, findingsOf } from "@/findings/select";
import { useRun } from "../RunContext";

const NONE: readonly Score[] = [];

/** The run's diagnosis, made when somebody looks; undefined until it is there. */
export function useDiagnosis(): Diagnosis | undefined {
  const { project, runId, detail } = useRun();
  return useQuery(diagnosis(project, runId, detail.run.spans)).data;
}

/** What was found in the run. A run that succeeded began no failure: guesses at one are left out. */
export function useFindings(): Found {
  const { project, runId, detail } = useRun();
  const stored = useQuery(scores(project, runId)).data?.items ?? NONE;
  const diagnosed = useDiagnosis();
  const isSuccess = detail.run.outcome === "success";
  return useMemo(() => {
    const found = findingsOf(diagnosed ? [...diagnosedScores(diagnosed), ...stored] : stored);
    return isSuccess ? { ...found, origins: [] } : found;
  }, [stored, diagnosed, isSuccess]);
}

/** Writes down whether the reader agrees with a finding: a human score on the same subject. */
export function useAgree() {
  const { project, runId } = useRun();
  const caller = useQuery(me());
  const queryClient = useQueryClient();
  const evaluator = caller.data?.actor ?? null;
  const write = useMutation({
    mutationFn: ({ finding, flag }: { finding: Finding; flag: boolean }) => {
      const { name, subject, evidence } = finding.score;
      const score = {
        name,
        subject,
        evidence,
        flag,
        source: "human" as const,
        evaluator: evaluator ?? "",
        evaluator_version: "1",
      };
      return data(client.POST("/api/v1/scores", { body: { scores: [score] }, headers: inProject(project) }));
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: [project, "run", runId, "scores"] }),
  });
  const canWrite = evaluator !== null && caller.data?.role !== "viewer";
  return { write, evaluator, canWrite };
}
