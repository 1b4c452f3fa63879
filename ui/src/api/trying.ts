import { queryOptions } from "@tanstack/react-query";
import { ApiError, client, csrfHeaders, data, inProject, MOUNT } from "./client";

/** What the gateway serves for the project. */
export const servedModels = (project: string) =>
  queryOptions({
    queryKey: [project, "served-models"],
    queryFn: ({ signal }) => data(client.GET("/api/v1/gateway/models", { headers: inProject(project), signal })),
    staleTime: 60_000,
  });

/** A recorded model call as a request to make again. */
export const recordedCall = (project: string, runId: string, spanId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "call", spanId],
    queryFn: ({ signal }) => {
      const params = { path: { run_id: runId, span_id: spanId } };
      return data(
        client.GET("/api/v1/runs/{run_id}/spans/{span_id}/call", { params, headers: inProject(project), signal }),
      );
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

const RECORDED_WITHIN = 20;
const SOON_MS = 300;

/** What was recorded of a call just made: it can be read a moment after the answer's end. */
export const recordOf = (project: string, runId: string, spanId: string) =>
  queryOptions({
    queryKey: [project, "run", runId, "record", spanId],
    queryFn: async ({ signal }) => {
      await new Promise((resolve) => setTimeout(resolve, SOON_MS));
      const headers = inProject(project);
      const path = { run_id: runId, span_id: spanId };
      const span = await data(
        client.GET("/api/v1/runs/{run_id}/spans/{span_id}", { params: { path }, headers, signal }),
      );
      const params = { path: { run_id: runId }, query: { limit: 500 } };
      const spans = await data(client.GET("/api/v1/runs/{run_id}/spans", { params, headers, signal }));
      return { span, tries: spans.items.filter((each) => each.parent_span_id === spanId) };
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: (times, error) => times < RECORDED_WITHIN && error instanceof ApiError && error.status === 404,
    retryDelay: 500,
  });

/** The head of the gateway's answer. */
export type Head = { status: number; run: string | null; span: string | null; isHit: boolean; guards: string[] };

type Asked = {
  project: string;
  /** A chat completion, without `stream`. */
  body: Record<string, unknown>;
  run: string;
  session: string;
  signal: AbortSignal;
  onHead: (head: Head) => void;
  /** What has arrived, as text; called as often as the network brings something. */
  onText: (text: string) => void;
};

/**
 * Sends a chat completion to the gateway, as any program would, in the reader's own session. Ends with the answer;
 * a refusal is thrown in the words of whoever refused. Aborting closes the connection, which stops the model too.
 */
export async function ask({ project, body, run, session, signal, onHead, onText }: Asked): Promise<void> {
  const response = await fetch(`${MOUNT}/v1/chat/completions`, {
    method: "POST",
    credentials: "same-origin",
    signal,
    headers: {
      "Content-Type": "application/json",
      ...csrfHeaders(),
      ...inProject(project),
      "X-Masthead-Run": run,
      "X-Masthead-Session": session,
      "X-Masthead-System": "Try a model",
    },
    body: JSON.stringify({ ...body, stream: true }),
  });
  onHead(headOf(response));
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (!response.ok) throw new ApiError(response.status, await response.text());
  if (!isStream || response.body === null) {
    onText(`data: ${(await response.text()).replaceAll(/\s*\n\s*/g, " ")}\n\n`);
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) onText(part.value);
}

function headOf({ status, headers }: Response): Head {
  const guard = headers.get("x-masthead-guard");
  return {
    status,
    run: headers.get("x-masthead-run"),
    span: headers.get("x-masthead-span"),
    isHit: headers.get("x-masthead-cache") === "hit",
    guards: guard === null ? [] : [guard],
  };
}
