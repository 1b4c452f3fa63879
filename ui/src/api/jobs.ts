/** Work that goes on after the answer. */
import { queryOptions } from "@tanstack/react-query";
import { client, data, inProject } from "./client";
import type { RunsFilter } from "./queries";

const OFTEN_MS = 700;

export function diagnose(
  project: string,
  { run_ids = [], metadata = [], ...rest }: RunsFilter & { run_ids?: string[] },
) {
  const body = { ...rest, run_ids, metadata };
  return data(client.POST("/api/v1/diagnoses", { body, headers: inProject(project) }));
}

/** A job, asked again until it has ended. */
export const job = (project: string, jobId: string | null) =>
  queryOptions({
    queryKey: [project, "job", jobId],
    queryFn: ({ signal }) => {
      const params = { path: { job_id: jobId ?? "" } };
      return data(client.GET("/api/v1/jobs/{job_id}", { params, headers: inProject(project), signal }));
    },
    enabled: jobId !== null,
    refetchInterval: (query) => (query.state.data?.ended == null && query.state.status !== "error" ? OFTEN_MS : false),
  });
