/** What the pages over many runs ask of the server: reports, comparisons, agreement, and the jobs that fill them. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, data, inProject } from "./client";
import type { RunsFilter } from "./queries";

const JOB_MS = 1000;

export const report = (project: string, filter: RunsFilter, by: readonly string[]) =>
  queryOptions({
    queryKey: [project, "report", filter, by],
    queryFn: ({ signal }) => {
      const query = { ...filter, by: [...by] };
      return data(client.GET("/api/v1/report", { params: { query }, headers: inProject(project), signal }));
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export type Compared = { by?: string; group?: string[]; within?: string };

export const comparisons = (project: string, filter: RunsFilter, asked: Compared | null) =>
  queryOptions({
    queryKey: [project, "compare", filter, asked],
    queryFn: ({ signal }) => {
      const query = { ...filter, ...asked };
      return data(client.GET("/api/v1/compare", { params: { query }, headers: inProject(project), signal }));
    },
    enabled: asked !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    retry: false,
  });

export type Contesting = { evaluator?: string; code?: string };

export const agreement = (project: string, contesting: Contesting) =>
  queryOptions({
    queryKey: [project, "agreement", contesting],
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/agreement", { params: { query: contesting }, headers: inProject(project), signal })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

/** The project's jobs, asked again and again while one goes on. */
export const jobs = (project: string) =>
  queryOptions({
    queryKey: [project, "jobs"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/jobs", { headers: inProject(project), signal })),
    refetchInterval: (query) => (query.state.data?.items.some(isOpen) ? JOB_MS : false),
  });

export function isOpen(job: { state: string }): boolean {
  return job.state === "queued" || job.state === "running";
}

/** Diagnoses, in a job, the chosen runs whose diagnosis is missing or no longer holds. */
export function startDiagnoses(project: string, filter: RunsFilter, runIds: readonly string[] = []) {
  const body = { metadata: [], ...filter, run_ids: [...runIds] };
  return data(client.POST("/api/v1/diagnoses", { body, headers: inProject(project) }));
}

export function stopJob(project: string, id: string) {
  const params = { path: { job_id: id } };
  return data(client.DELETE("/api/v1/jobs/{job_id}", { params, headers: inProject(project) }));
}
