import type { ReactNode } from "react";
import { ApiError } from "@/api/client";

const TITLES: Record<number, string> = {
  0: "The server does not answer",
  403: "This key may not see that",
  404: "Not found",
  503: "The server is busy",
};

/** What went wrong, in the server's words, and a way to try again. */
export function Failure({ error, onRetry }: { error: Error; onRetry: () => void }): ReactNode {
  const status = error instanceof ApiError ? error.status : -1;
  return (
    <div className="notice" role="alert">
      <h2>{TITLES[status] ?? "That did not work"}</h2>
      <p>{error.message}</p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
