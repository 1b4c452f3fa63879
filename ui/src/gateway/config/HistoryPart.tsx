import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { configHistory, earlierConfig, restoreConfig } from "@/api/configuration";
import type { ConfigRevision } from "@/api/schema";
import { ago, moment } from "@/formats/time";
import { Outcome, Wait } from "@/settings/Wait";
import { useProject } from "@/shell/project";
import { Code } from "@/text/Code";
import { Changes } from "./Changes";
import { Section } from "./Entries";

/** Who changed what and when, and the way back. */
export function HistoryPart({ revision }: { revision: number }): ReactNode {
  const project = useProject();
  const asked = useInfiniteQuery(configHistory(project));
  return (
    <Section
      title="History"
      help="Every saved change of this project's document. Restoring an earlier one is a new change."
    >
      <Wait asked={asked}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          return items.length === 0 ? (
            <p className="quiet">Nothing was saved yet.</p>
          ) : (
            <ol className="config-entries">
              {items.map((entry) => (
                <Revision key={entry.revision} entry={entry} present={revision} />
              ))}
            </ol>
          );
        }}
      </Wait>
      {asked.hasNextPage ? (
        <button type="button" className="button config-add" onClick={() => void asked.fetchNextPage()}>
          Show earlier ones
        </button>
      ) : null}
    </Section>
  );
}

function Revision({ entry, present }: { entry: ConfigRevision; present: number }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [shows, setShows] = useState<"document" | "restore" | null>(null);
  const earlier = useQuery({ ...earlierConfig(project, entry.revision), enabled: shows === "document" });
  const restoring = useMutation({
    mutationFn: () => restoreConfig(project, present, entry.revision),
    onSuccess: () => setShows(null),
    onSettled: () => queryClient.invalidateQueries({ queryKey: [project, "gateway-config"] }),
  });
  const name = `revision ${entry.revision}`;
  return (
    <li className="panel config-entry">
      <div className="config-entry-head">
        <strong className="num">{entry.revision}</strong>
        <span className="quiet config-line" title={moment(entry.time)}>
          {ago(entry.time, Date.now())} by {entry.actor}
        </span>
        <span className="config-tools">
          {entry.revision === present ? <span className="badge good">holds</span> : null}
          <button
            type="button"
            className="button button-ghost"
            aria-label={`Show ${name}`}
            aria-expanded={shows === "document"}
            onClick={() => setShows(shows === "document" ? null : "document")}
          >
            Show
          </button>
          {entry.revision === present ? null : (
            <button
              type="button"
              className="button button-ghost"
              aria-label={`Restore ${name}`}
              onClick={() => setShows("restore")}
            >
              Restore
            </button>
          )}
        </span>
      </div>
      {entry.changes ? (
        <Changes changes={entry.changes} />
      ) : (
        <p className="quiet">What it changed is no longer known.</p>
      )}
      {shows === "document" && earlier.data ? (
        <Code text={JSON.stringify(earlier.data.document, null, 2)} language="json" />
      ) : null}
      {shows === "restore" ? (
        <div className="form-row">
          <p>The document of {name} will hold again from the next call on.</p>
          <button
            type="button"
            className="button button-primary"
            disabled={restoring.isPending}
            onClick={() => restoring.mutate()}
          >
            Restore it
          </button>
          <button type="button" className="button" onClick={() => setShows(null)}>
            Leave it
          </button>
        </div>
      ) : null}
      {restoring.error ? <Outcome error={restoring.error} done={null} /> : null}
    </li>
  );
}
