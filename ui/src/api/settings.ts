/** Keys, projects, the audit log, redaction and the state of the server. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, data, inProject } from "./client";
import type { paths } from "./schema";

type Body<P extends keyof paths, M extends "post" | "patch"> = paths[P] extends {
  [K in M]: { requestBody: { content: { "application/json": infer B } } };
}
  ? B
  : never;
export type NewKey = Body<"/api/v1/keys", "post">;
export type KeyChange = Body<"/api/v1/keys/{key_id}", "patch">;
export type NewProject = Body<"/api/v1/projects", "post">;
export type ProjectChange = Body<"/api/v1/projects/{project_id}", "patch">;
export type RedactionTrial = Body<"/api/v1/redaction/try", "post">;

const ENTRIES_A_PAGE = 100;

export const keys = (project: string) =>
  queryOptions({
    queryKey: [project, "keys"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/keys", { headers: inProject(project), signal })),
  });

export const project = (projectId: string) =>
  queryOptions({
    queryKey: [projectId, "project"],
    queryFn: ({ signal }) => {
      const params = { path: { project_id: projectId } };
      return data(client.GET("/api/v1/projects/{project_id}", { params, headers: inProject(projectId), signal }));
    },
  });

export const auditLog = (projectId: string, everywhere: boolean) =>
  infiniteQueryOptions({
    queryKey: [projectId, "audit", everywhere],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: ENTRIES_A_PAGE, everywhere, ...(pageParam ? { cursor: pageParam } : {}) };
      return data(client.GET("/api/v1/audit", { params: { query }, headers: inProject(projectId), signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor,
  });

export const status = () =>
  queryOptions({
    queryKey: ["status"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/status", { signal })),
    refetchInterval: 5_000,
  });

export const prices = (projectId: string) =>
  queryOptions({
    queryKey: [projectId, "prices"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/prices", { headers: inProject(projectId), signal })),
  });

/** Models of the catalogue by a part of their name, with what a million tokens cost. */
export const priced = (projectId: string, text: string) =>
  queryOptions({
    queryKey: [projectId, "priced", text],
    queryFn: ({ signal }) => {
      const params = { query: { text, limit: 30 } };
      return data(client.GET("/api/v1/models", { params, headers: inProject(projectId), signal }));
    },
    enabled: text.length > 1,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The readiness is an answer in both cases: it says what is wrong. */
export const readiness = () =>
  queryOptions({
    queryKey: ["ready"],
    queryFn: async ({ signal }) => {
      const { data: ready, error } = await client.GET("/ready", { signal });
      const told = ready ?? error;
      return told && "parts" in told ? told : null;
    },
    refetchInterval: 5_000,
  });

export function createKey(projectId: string, body: NewKey) {
  return data(client.POST("/api/v1/keys", { body, headers: inProject(projectId) }));
}

export function changeKey(projectId: string, keyId: string, body: KeyChange) {
  const params = { path: { key_id: keyId } };
  return data(client.PATCH("/api/v1/keys/{key_id}", { params, body, headers: inProject(projectId) }));
}

export function revokeKey(projectId: string, keyId: string) {
  const params = { path: { key_id: keyId } };
  return data(client.DELETE("/api/v1/keys/{key_id}", { params, headers: inProject(projectId) }));
}

export function createProject(body: NewProject) {
  return data(client.POST("/api/v1/projects", { body }));
}

export function changeProject(projectId: string, body: ProjectChange) {
  const params = { path: { project_id: projectId } };
  return data(client.PATCH("/api/v1/projects/{project_id}", { params, body, headers: inProject(projectId) }));
}

export function deleteProject(projectId: string) {
  const params = { path: { project_id: projectId } };
  return data(client.DELETE("/api/v1/projects/{project_id}", { params, headers: inProject(projectId) }));
}

export function verifyAudit(projectId: string, head: string | null) {
  const params = { query: head ? { head } : {} };
  return data(client.GET("/api/v1/audit/verify", { params, headers: inProject(projectId) }));
}

export function tryRedaction(projectId: string, body: RedactionTrial) {
  return data(client.POST("/api/v1/redaction/try", { body, headers: inProject(projectId) }));
}

export function eraseUser(projectId: string, userId: string) {
  const params = { path: { user_id: userId } };
  return data(client.DELETE("/api/v1/users/{user_id}", { params, headers: inProject(projectId) }));
}

/** Ends the session; what pages keep in this tab goes with it, so that nobody finds it there. */
export function logOut() {
  sessionStorage.clear();
  return data(client.DELETE("/api/v1/session"));
}

/** Sends the file itself as the body; the server recognises the format. */
export function importFile(projectId: string, file: File) {
  const headers = { ...inProject(projectId), "Content-Type": "application/octet-stream" };
  const params = { query: { name: file.name } };
  return data(
    client.POST("/api/v1/import", { params, headers, body: file as unknown as string, bodySerializer: (body) => body }),
  );
}
