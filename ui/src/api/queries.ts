/** Everything that the pages ask of the server. No component fetches by itself. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Filter } from "@/runs/query";
import { client, data, inProject } from "./client";
import type { Score, SpanSummary } from "./types";

export const TURNS_A_PAGE = 100;
export const RUNS_A_PAGE = 100;
const SPANS_A_PAGE = 5000;
export const LIVE_MS = 4000;

export type Range = { since?: string; until?: string };
export type RunsFilter = Filter & Range;

export const me = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/me", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const projects = () =>
  queryOptions({ queryKey: ["projects"], queryFn: ({ signal }) => data(client.GET("/api/v1/projects", { signal })) });

export const runs = (project: string, filter: RunsFilter) =>
  infiniteQueryOptions({
    queryKey: [project, "runs", filter],
    queryFn: ({ signal, pageParam }) => {
      const query = { ...filter, limit: RUNS_A_PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      return data(client.GET("/api/v1/runs", { params: { query }, headers: inProject(project), signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor,
    placeholderData: keepPreviousData,
  });

/** The newest runs alone, asked again and again: tells whether the list has changed without fetching all of it. */
export const newest = (project: string, filter: RunsFilter) =>
  queryOptions({
    queryKey: [project, "newest", filter],
    queryFn: ({ signal }) =>
      data(
        client.GET("/api/v1/runs", { params: { query: { ...filter, limit: 1 } }, headers: inProject(project), signal }),
      ),
    refetchInterval: LIVE_MS,
  });

export const facets = (project: string, filter: RunsFilter) =>
  queryOptions({
    queryKey: [project, "facets", filter],
    queryFn: ({ signal }) =>
      data(client.GET("/api/v1/facets", { params: { query: filter }, headers: inProject(project), signal })),
    placeholderData: keepPreviousData,
  });

export type Bucket = "minute" | "hour" | "day" | "week" | "total";
export type Group = "model" | "agent" | "system" | "outcome" | "tag";

export const stats = (project: string, filter: RunsFilter, bucket: Bucket, group?: Group) =>
  queryOptions({
    queryKey: [project, "stats", filter, bucket, group],
    queryFn: ({ signal }) => {
      const query = { ...filter, bucket, ...(group ? { group_by: group } : {}) };
      return data(client.GET("/api/v1/stats", { params: { query }, headers: inProject(project), signal }));
    },
    placeholderData: keepPreviousData,
  });

export const run = (project: string, runId: string) =>
  queryOptions({
    queryKey: [project, "run", runId],
    queryFn: ({ signal }) =>
      data(
        client.GET("/api/v1/runs/{run_id}", {
          params: { path: { run_id: runId } },
          headers: inProject(project),
          signal,
        }),
      ),
  });

export const outline = (project: string, runId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "outline"],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId } };
      return data(client.GET("/api/v1/runs/{run_id}/outline", { params, headers: inProject(project), signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const turnsPage = (project: string, runId: string, page: number) =>
  queryOptions({
    queryKey: [project, "run", runId, "turns", page],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId }, query: { from: page * TURNS_A_PAGE, limit: TURNS_A_PAGE } };
      return data(client.GET("/api/v1/runs/{run_id}/conversation", { params, headers: inProject(project), signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const turnHits = (project: string, runId: string, text: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "hits", text],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId }, query: { text } };
      return data(
        client.GET("/api/v1/runs/{run_id}/conversation/search", { params, headers: inProject(project), signal }),
      );
    },
    enabled: text !== "",
    placeholderData: keepPreviousData,
  });

export const flow = (project: string, runId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "flow"],
    queryFn: ({ signal }) =>
      data(
        client.GET("/api/v1/runs/{run_id}/flow", {
          params: { path: { run_id: runId } },
          headers: inProject(project),
          signal,
        }),
      ),
  });

/** What failed, where it began, how it spread and what it cost. `spans` is how many there are: more of them ask anew. */
export const diagnosis = (project: string, runId: string, spans: number) =>
  queryOptions({
    queryKey: [project, "run", runId, "diagnosis", spans],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId } };
      return data(client.GET("/api/v1/runs/{run_id}/diagnosis", { params, headers: inProject(project), signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

export const span = (project: string, runId: string, spanId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "span", spanId],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId, span_id: spanId } };
      return data(client.GET("/api/v1/runs/{run_id}/spans/{span_id}", { params, headers: inProject(project), signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const unpriced = (project: string, range: Range) =>
  queryOptions({
    queryKey: [project, "unpriced", range],
    queryFn: ({ signal }) => {
      const query = { ...(range.since ? { since: range.since } : {}), ...(range.until ? { until: range.until } : {}) };
      return data(client.GET("/api/v1/models/unpriced", { params: { query }, headers: inProject(project), signal }));
    },
  });

/** The scores of some listed runs, to say in the list what was found. */
export const scoresOfRuns = (project: string, runIds: readonly string[]) =>
  queryOptions({
    queryKey: [project, "found", runIds],
    queryFn: async ({ signal }) => {
      const items: Score[] = [];
      let cursor: string | null = null;
      do {
        const query = { run_id: [...runIds], limit: 500, ...(cursor === null ? {} : { cursor }) };
        const page: { items: Score[]; cursor: string | null } = await data(
          client.GET("/api/v1/scores", { params: { query }, headers: inProject(project), signal }),
        );
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null);
      return items;
    },
    enabled: runIds.length > 0,
    staleTime: 30_000,
  });

/** All spans of a run without their bodies, page after page: a waterfall needs the whole tree. */
export const waterfall = (project: string, runId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "waterfall"],
    queryFn: async ({ signal }) => {
      const items: SpanSummary[] = [];
      let cursor: string | null = null;
      do {
        const query: { limit: number; cursor?: string } = {
          limit: SPANS_A_PAGE,
          ...(cursor === null ? {} : { cursor }),
        };
        const params = { path: { run_id: runId }, query };
        const page: { items: SpanSummary[]; cursor: string | null } = await data(
          client.GET("/api/v1/runs/{run_id}/spans", { params, headers: inProject(project), signal }),
        );
        items.push(...page.items);
        cursor = page.cursor;
      } while (cursor !== null);
      return items;
    },
  });

export const scores = (project: string, runId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "scores"],
    queryFn: ({ signal }) => {
      const query = { run_id: [runId], limit: 500 };
      return data(client.GET("/api/v1/scores", { params: { query }, headers: inProject(project), signal }));
    },
  });
