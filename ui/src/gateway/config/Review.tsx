import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { ApiError } from "@/api/client";
import { checked, configuration, saveConfig } from "@/api/configuration";
import { Dialog } from "@/design/Dialog";
import { useProject } from "@/shell/project";
import { Changes } from "./Changes";
import type { Document } from "./document";

type Props = {
  document: Document;
  revision: number;
  onSaved: () => void;
  /** The revision was overtaken: begin from the latest one, dropping what was changed here. */
  onTakeLatest: () => void;
  onClose: () => void;
};

/** Before it is saved: what changes, and whether it can be taken. */
export function Review({ document, revision, onSaved, onTakeLatest, onClose }: Props): ReactNode {
  const project = useProject();
  const [base, setBase] = useState(revision);
  const asked = useQuery(checked(project, document, base));
  const latest = useQuery(configuration(project));
  const saving = useMutation({
    mutationFn: () => saveConfig(project, base, document),
    onSuccess: onSaved,
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409) void latest.refetch();
    },
  });
  const isStale = saving.error instanceof ApiError && saving.error.status === 409;
  const found = asked.data;
  return (
    <Dialog title="What will change" onClose={onClose} isWide>
      <div className="config-review">
        {asked.error ? <p className="tone-bad">{asked.error.message}</p> : null}
        {found ? <Changes changes={found.changes} /> : <div className="skeleton settings-wait" aria-hidden="true" />}
        {found && found.faults.length > 0 ? (
          <div role="alert" className="tone-bad">
            <p>It cannot be saved like this:</p>
            <ul>
              {found.faults.map(({ where, message }) => (
                <li key={`${where} ${message}`}>
                  <code>{where}</code> {message}
                </li>
              ))}
            </ul>
          </div>
        ) : null}
        {found?.warnings.map(({ where, message }) => (
          <p key={`${where} ${message}`} className="tone-warn">
            <code>{where}</code> {message}
          </p>
        ))}
        {isStale ? (
          <Stale
            by={latest.data?.updated_by ?? null}
            onMine={() => {
              setBase(latest.data?.revision ?? base);
              saving.reset();
            }}
            onTheirs={onTakeLatest}
          />
        ) : (
          <div className="form-row">
            <button
              type="button"
              className="button button-primary"
              disabled={!found?.is_ok || asked.isPlaceholderData || saving.isPending}
              onClick={() => saving.mutate()}
            >
              Save
            </button>
            <button type="button" className="button" onClick={onClose}>
              Go on editing
            </button>
            {saving.error ? <p className="tone-bad">{saving.error.message}</p> : null}
            <p className="quiet">It holds from the next call on. Calls under way end as they began.</p>
          </div>
        )}
      </div>
    </Dialog>
  );
}

type StaleProps = { by: string | null; onMine: () => void; onTheirs: () => void };

function Stale({ by, onMine, onTheirs }: StaleProps): ReactNode {
  return (
    <div role="alert" className="config-stale">
      <p>
        <strong>Somebody saved while you were editing{by ? ` (${by})` : ""}.</strong> Nothing of yours was saved, so
        that nothing of theirs is lost.
      </p>
      <div className="form-row">
        <button type="button" className="button" onClick={onMine}>
          Show what mine would change in theirs
        </button>
        <button type="button" className="button" onClick={onTheirs}>
          Drop mine and begin from theirs
        </button>
      </div>
    </div>
  );
}
