import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Icon } from "@/design/icons";

type OriginProps = { desk: { from: string | null; losses: string[] }; error: Error | null };

/** Where the prompt comes from, and what of that call is missing here. */
export function Origin({ desk, error }: OriginProps): ReactNode {
  if (error)
    return (
      <p className="tone-bad" role="alert">
        The recorded call cannot be tried again: {error.message}
      </p>
    );
  const [runId, spanId] = desk.from?.split("/") ?? [];
  if (!runId || !spanId) return null;
  return (
    <div className="try-origin">
      <p>
        From a call of{" "}
        <Link
          to="/runs/$runId"
          params={{ runId }}
          search={(current) => ({ project: current.project })}
          className="detail-link"
        >
          a recorded run <Icon name="arrow" size={12} />
        </Link>
      </p>
      {desk.losses.map((loss) => (
        <p key={loss} className="tone-warn">
          Not taken along: {loss}
        </p>
      ))}
    </div>
  );
}
