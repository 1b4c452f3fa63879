/** What the list of calls is narrowed down by. */
import type { GatewayCall } from "@/api/types";

/** Whether a text stands in what a call tells of itself. */
export function isAbout(call: GatewayCall, text: string): boolean {
  const { key, user, agent, model_asked, model, connection, run_id, error } = call;
  const word = text.trim().toLowerCase();
  return [key, user, agent, model_asked, model, connection, run_id, error].some((each) =>
    (each ?? "").toLowerCase().includes(word),
  );
}

export function isFailed({ status, error }: GatewayCall): boolean {
  return error !== null || status === null || status >= 400;
}
