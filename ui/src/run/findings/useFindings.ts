import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { client, data, inProject } from "@/api/client";
import { me, scores } from "@/api/queries";
import type { Score } from "@/api/types";
import { useRun } from "../RunContext";
import { type Finding, findingsOf } from "./select";

const NONE: readonly Score[] = [];

export function useFindings(): Finding[] {
  const { project, runId } = useRun();
  const known = useQuery(scores(project, runId)).data?.items ?? NONE;
  return useMemo(() => findingsOf(known), [known]);
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
