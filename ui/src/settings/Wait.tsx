import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { Failure } from "@/shell/Failure";

type Asked<T> = { data: T | undefined; error: Error | null; refetch: () => unknown };

/** Draws what was asked for once it is there; says so where the role does not allow it or the server fails. */
export function Wait<T>({ asked, children }: { asked: Asked<T>; children: (data: T) => ReactNode }): ReactNode {
  if (asked.data !== undefined) return children(asked.data);
  if (asked.error instanceof ApiError && asked.error.status === 403) {
    return (
      <p className="notice" role="alert">
        {asked.error.message}
      </p>
    );
  }
  if (asked.error) return <Failure error={asked.error} onRetry={() => void asked.refetch()} />;
  return <div className="skeleton settings-wait" aria-hidden="true" />;
}

/** What became of a change: the server's words where it refused. */
export function Outcome({ error, done }: { error: Error | null; done: string | null }): ReactNode {
  if (error) {
    return (
      <p className="tone-bad" role="alert">
        {error.message}
      </p>
    );
  }
  return (
    <p className="tone-good" role="status">
      {done}
    </p>
  );
}
