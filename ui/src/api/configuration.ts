import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, data, inProject } from "./client";
import type { ConfigInput, ConnectionTrial } from "./schema";

type Document = ConfigInput["document"];

/** What holds for a project's calls: its own document over the server's file. */
export const configuration = (project: string) =>
  queryOptions({
    queryKey: [project, "gateway-config"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/config", { headers: inProject(project), signal })),
    retry: false,
    refetchOnWindowFocus: false,
  });

/** What a document would change, and what is wrong with it. */
export const checked = (project: string, document: Document, revision: number) =>
  queryOptions({
    queryKey: [project, "gateway-config", "check", revision, document],
    queryFn: ({ signal }) =>
      data(client.POST("/api/v1/gateway/config/check", { body: { document }, headers: inProject(project), signal })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
  });

/** A document as TOML. */
export const documentText = (project: string, document: Document) =>
  queryOptions({
    queryKey: [project, "gateway-config", "text", document],
    queryFn: ({ signal }) =>
      data(client.POST("/api/v1/gateway/config/write", { body: { document }, headers: inProject(project), signal })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });

/** The document that a text holds, as TOML or JSON. */
export function readDocument(project: string, text: string) {
  return data(client.POST("/api/v1/gateway/config/read", { body: { text }, headers: inProject(project) }));
}

export const configHistory = (project: string) =>
  infiniteQueryOptions({
    queryKey: [project, "gateway-config", "history"],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) };
      const headers = inProject(project);
      return data(client.GET("/api/v1/gateway/config/history", { params: { query }, headers, signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor,
  });

export const earlierConfig = (project: string, revision: number) =>
  queryOptions({
    queryKey: [project, "gateway-config", "revision", revision],
    queryFn: ({ signal }) => {
      const params = { path: { revision } };
      const headers = inProject(project);
      return data(client.GET("/api/v1/gateway/config/history/{revision}", { params, headers, signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export function saveConfig(project: string, revision: number, document: Document) {
  return data(client.PUT("/api/v1/gateway/config", { body: { revision, document }, headers: inProject(project) }));
}

export function restoreConfig(project: string, revision: number, restore: number) {
  const body = { revision, restore };
  return data(client.POST("/api/v1/gateway/config/restore", { body, headers: inProject(project) }));
}

export const secrets = (project: string) =>
  queryOptions({
    queryKey: [project, "gateway-secrets"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/secrets", { headers: inProject(project), signal })),
    retry: false,
  });

export function saveSecret(project: string, name: string, value: string) {
  const params = { path: { name } };
  return data(client.PUT("/api/v1/gateway/secrets/{name}", { params, body: { value }, headers: inProject(project) }));
}

export function deleteSecret(project: string, name: string) {
  const params = { path: { name } };
  return data(client.DELETE("/api/v1/gateway/secrets/{name}", { params, headers: inProject(project) }));
}

/** Who serves models. */
export const vendors = () =>
  queryOptions({
    queryKey: ["vendors"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/vendors", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

export function tryConnection(project: string, body: ConnectionTrial) {
  return data(client.POST("/api/v1/gateway/connections/try", { body, headers: inProject(project) }));
}
