/** Saved views, lists of runs, tags, and what is done to many runs at once. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, data, inProject } from "./client";
import type { RunsFilter } from "./queries";
import type { Brief } from "./types";

/** How many runs one request may name. */
export const RUNS_AT_ONCE = 1000;
/** How many runs are fetched to act on all that match. */
export const MOST_MATCHING = 5000;
const LISTED_A_PAGE = 100;
const BRIEFS_AT_ONCE = 100;
const GATHER_MS = 25;

export const views = (project: string) =>
  queryOptions({
    queryKey: [project, "views"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/views", { headers: inProject(project), signal })),
    staleTime: 60_000,
  });

export const lists = (project: string) =>
  queryOptions({
    queryKey: [project, "lists"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/lists", { headers: inProject(project), signal })),
  });

export const oneList = (project: string, listId: string) =>
  queryOptions({
    queryKey: [project, "lists", listId],
    queryFn: ({ signal }) => {
      const params = { path: { list_id: listId } };
      return data(client.GET("/api/v1/lists/{list_id}", { params, headers: inProject(project), signal }));
    },
  });

export const listedRuns = (project: string, listId: string) =>
  infiniteQueryOptions({
    queryKey: [project, "lists", listId, "runs"],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: LISTED_A_PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
      const params = { path: { list_id: listId }, query };
      return data(client.GET("/api/v1/lists/{list_id}/runs", { params, headers: inProject(project), signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor,
  });

export const nextRun = (project: string, listId: string, after: string | undefined) =>
  queryOptions({
    queryKey: [project, "lists", listId, "next", after ?? ""],
    queryFn: ({ signal }) => {
      const params = { path: { list_id: listId }, query: after ? { after } : {} };
      return data(client.GET("/api/v1/lists/{list_id}/next", { params, headers: inProject(project), signal }));
    },
  });

type Waiting = { ids: Map<string, Array<(brief: Brief | null) => void>>; refuse: Array<(error: Error) => void> };
const waiting = new Map<string, Waiting>();

/** One request for all the rows that come into view together. */
function gathered(project: string, runId: string): Promise<Brief | null> {
  return new Promise((answer, refuse) => {
    let open = waiting.get(project);
    if (!open || open.ids.size >= BRIEFS_AT_ONCE) {
      open = { ids: new Map(), refuse: [] };
      waiting.set(project, open);
      const batch = open;
      setTimeout(() => {
        if (waiting.get(project) === batch) waiting.delete(project);
        void send(project, batch);
      }, GATHER_MS);
    }
    open.ids.set(runId, [...(open.ids.get(runId) ?? []), answer]);
    open.refuse.push(refuse);
  });
}

async function send(project: string, { ids, refuse }: Waiting): Promise<void> {
  try {
    const body = { run_ids: [...ids.keys()] };
    const { items } = await data(client.POST("/api/v1/runs/briefs", { body, headers: inProject(project) }));
    const found = new Map(items.map((brief) => [brief.run_id, brief]));
    for (const [runId, answers] of ids) for (const answer of answers) answer(found.get(runId) ?? null);
  } catch (error) {
    for (const each of refuse) each(error as Error);
  }
}

/** How many turns a run has and what was found in it. `spans` is how many it has: more of them ask anew. */
export const brief = (project: string, runId: string, spans: number) =>
  queryOptions({
    queryKey: [project, "brief", runId, spans],
    queryFn: () => gathered(project, runId),
    staleTime: 60_000,
  });

export function saveView(project: string, body: { name: string; query: string; since?: string; until?: string }) {
  return data(client.POST("/api/v1/views", { body, headers: inProject(project) }));
}

export function deleteView(project: string, viewId: string) {
  const params = { path: { view_id: viewId } };
  return data(client.DELETE("/api/v1/views/{view_id}", { params, headers: inProject(project) }));
}

export function createList(project: string, body: { name: string; kind: "dataset" | "queue" }) {
  return data(client.POST("/api/v1/lists", { body, headers: inProject(project) }));
}

export function deleteList(project: string, listId: string) {
  const params = { path: { list_id: listId } };
  return data(client.DELETE("/api/v1/lists/{list_id}", { params, headers: inProject(project) }));
}

export function changeList(project: string, listId: string, change: { add?: string[]; remove?: string[] }) {
  const body = { add: [], remove: [], ...change };
  const params = { path: { list_id: listId } };
  return data(client.POST("/api/v1/lists/{list_id}/runs", { params, body, headers: inProject(project) }));
}

export function markDone(project: string, listId: string, runId: string, isDone: boolean) {
  const params = { path: { list_id: listId } };
  const body = { run_id: runId, is_done: isDone };
  return data(client.POST("/api/v1/lists/{list_id}/done", { params, body, headers: inProject(project) }));
}

export function tagRuns(project: string, change: { run_ids: string[]; add?: string[]; remove?: string[] }) {
  const body = { add: [], remove: [], ...change };
  return data(client.POST("/api/v1/tags", { body, headers: inProject(project) }));
}

export function deleteRuns(project: string, runIds: string[]) {
  return data(client.POST("/api/v1/runs/delete", { body: { run_ids: runIds }, headers: inProject(project) }));
}

export function exportRuns(project: string, runIds: string[], format: "jsonl" | "otlp" | "parquet"): Promise<Blob> {
  const body = { run_ids: runIds, format };
  return data<Blob>(client.POST("/api/v1/export", { body, headers: inProject(project), parseAs: "blob" }));
}

/** The ids of the runs that match, the latest first, at most `MOST_MATCHING`. */
export async function matching(project: string, filter: RunsFilter): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const query = { ...filter, limit: 500, ...(cursor === null ? {} : { cursor }) };
    const page: { items: Array<{ run_id: string }>; cursor: string | null } = await data(
      client.GET("/api/v1/runs", { params: { query }, headers: inProject(project) }),
    );
    ids.push(...page.items.map((run) => run.run_id));
    cursor = page.cursor;
  } while (cursor !== null && ids.length < MOST_MATCHING);
  return ids.slice(0, MOST_MATCHING);
}
