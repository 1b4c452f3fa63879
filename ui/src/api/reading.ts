/** What the run's page asks beside the run itself: where a turn led, another run, a finding as a test, a verdict. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Finding } from "@/findings/select";
import { client, data, inProject } from "./client";
import type { ScoreInput, TestCase } from "./types";

const MATES_A_PAGE = 50;

/** How what began at a turn spread, and what came after it. `spans` is how many there are: more of them ask anew. */
export const followed = (project: string, runId: string, turn: number | null, spans: number) =>
  queryOptions({
    queryKey: [project, "run", runId, "followed", turn, spans],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId }, query: { turn: turn ?? 0 } };
      return data(client.GET("/api/v1/runs/{run_id}/followed", { params, headers: inProject(project), signal }));
    },
    enabled: turn !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const beside = (project: string, runId: string, otherId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "beside", otherId],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId, other_id: otherId } };
      return data(
        client.GET("/api/v1/runs/{run_id}/beside/{other_id}", { params, headers: inProject(project), signal }),
      );
    },
  });

/** Runs in whose task, name, agents, system or tags a text stands, latest first. */
export const runsAbout = (project: string, about: string) =>
  infiniteQueryOptions({
    queryKey: [project, "runs-about", about],
    queryFn: ({ signal, pageParam }) => {
      const query = {
        limit: MATES_A_PAGE,
        ...(about ? { about } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      return data(client.GET("/api/v1/runs", { params: { query }, headers: inProject(project), signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor,
  });

/** A finding as a pytest file. Asked for when somebody copies it, and not kept. */
export function testCase(project: string, runId: string, { score, reason }: Finding): Promise<TestCase> {
  const query = {
    code: score.name,
    evaluator: score.evaluator,
    evidence: score.evidence.slice(0, 200),
    ...(reason ? { reason: reason.slice(0, 2000) } : {}),
  };
  const params = { path: { run_id: runId }, query };
  return data(client.GET("/api/v1/runs/{run_id}/test-case", { params, headers: inProject(project) }));
}

export function writeScores(project: string, scores: ScoreInput[]) {
  return data(client.POST("/api/v1/scores", { body: { scores }, headers: inProject(project) }));
}
