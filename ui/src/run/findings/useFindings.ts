import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { client, data, inProject } from "@/api/client";
import { me, scores } from "@/api/queries";
import type { Score } from "@/api/types";
import { type Finding, type Found, findingsOf } from "@/findings/select";
import { useRun } from "../RunContext";

const NONE: readonly Score[] = [];

/** What was found in the run. A run that succeeded began no failure: guesses at one are left out. */
export function useFindings(): Found {
  const { project, runId, detail } = useRun();
  const known = useQuery(scores(project, runId)).data?.items ?? NONE;
  const isSuccess = detail.run.outcome === "success";
  return useMemo(() => {
    const found = findingsOf(known);
    return isSuccess ? { ...found, origins: [] } : found;
  }, [known, isSuccess]);
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
