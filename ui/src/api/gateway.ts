/** What the pages ask of the gateway: what passes through it, what that used, how targets fare, which models there are. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { UsageBy } from "@/gateway/by";
import { client, data, inProject } from "./client";
import type { Bucket, Range } from "./queries";

const TRAFFIC_MS = 1_500;
const SOON_MS = 5_000;
const MODELS_A_PAGE = 100;

export const traffic = (project: string, isLive: boolean) =>
  queryOptions({
    queryKey: [project, "gateway", "traffic"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/traffic", { headers: inProject(project), signal })),
    refetchInterval: isLive ? TRAFFIC_MS : false,
  });

export const targets = (project: string) =>
  queryOptions({
    queryKey: [project, "gateway", "targets"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/targets", { headers: inProject(project), signal })),
    refetchInterval: TRAFFIC_MS,
  });

export const records = (project: string) =>
  queryOptions({
    queryKey: [project, "gateway", "records"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/records", { headers: inProject(project), signal })),
    refetchInterval: SOON_MS,
  });

export const limits = (project: string) =>
  queryOptions({
    queryKey: [project, "gateway", "limits"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/limits", { headers: inProject(project), signal })),
    refetchInterval: SOON_MS,
  });

export const usage = (project: string, range: Range, bucket: Bucket, by?: UsageBy) =>
  queryOptions({
    queryKey: [project, "gateway", "usage", range, bucket, by],
    queryFn: ({ signal }) => {
      const query = { ...range, bucket, ...(by ? { by } : {}), ...(bucket === "total" ? {} : { limit: 5000 }) };
      return data(client.GET("/api/v1/gateway/usage", { params: { query }, headers: inProject(project), signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });

export const CAPABILITIES = [
  "tools",
  "vision",
  "documents",
  "audio",
  "reasoning",
  "structured_output",
  "embeddings",
] as const;
export type Capability = (typeof CAPABILITIES)[number];
export type ModelsFilter = { text?: string; provider?: string; capability?: Capability };

/** The catalogue of models, the newest first. */
export const catalogue = (project: string, filter: ModelsFilter) =>
  infiniteQueryOptions({
    queryKey: [project, "catalogue", filter],
    queryFn: ({ signal, pageParam }) => {
      const query = {
        ...filter,
        order: "newest" as const,
        limit: MODELS_A_PAGE,
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      return data(client.GET("/api/v1/models", { params: { query }, headers: inProject(project), signal }));
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.cursor,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
