import type { ReactNode } from "react";
import type { ConnectionTried } from "@/api/schema";
import { Icon } from "@/design/icons";

type Props = {
  tried: ConnectionTried | undefined;
  error: Error | null;
  onTake?: (models: string[]) => void;
};

const MOST_SHOWN = 12;

/** What came of trying a connection. */
export function Tried({ tried, error, onTake }: Props): ReactNode {
  if (error)
    return (
      <p className="tone-bad" role="alert">
        {error.message}
      </p>
    );
  if (!tried) return null;
  const { models } = tried;
  return (
    <div className="config-tried" role={tried.is_ok ? "status" : "alert"}>
      <p className={tried.is_ok ? "tone-good" : "tone-bad"}>
        <Icon name={tried.is_ok ? "check" : "warn"} size={14} /> {tried.said}
      </p>
      {models.length > 0 ? (
        <p className="quiet">
          {models.slice(0, MOST_SHOWN).join(", ")}
          {models.length > MOST_SHOWN ? ` and ${models.length - MOST_SHOWN} more` : ""}
        </p>
      ) : null}
      {onTake && models.length > 0 && models.length <= 40 ? (
        <button type="button" className="button" onClick={() => onTake(models)}>
          Name these models
        </button>
      ) : null}
    </div>
  );
}
