import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { deleteView, saveView, views } from "@/api/shelf";
import type { SavedView } from "@/api/types";
import { Dialog } from "@/design/Dialog";
import { Icon } from "@/design/icons";
import { usePopup } from "@/design/usePopup";
import { useKeys } from "@/shell/keys";
import { useProject } from "@/shell/project";
import { useMay } from "@/shell/useMay";

type Address = { q: string; since: string | undefined; until: string | undefined };
type Props = { now: Address };

const isSame = (view: SavedView, now: Address) =>
  view.query === now.q && (view.since ?? undefined) === now.since && (view.until ?? undefined) === now.until;

/** Queries that the project keeps under a name, and the one that is being looked at. */
export function ViewsMenu({ now }: Props): ReactNode {
  const project = useProject();
  const { box, isOpen, setIsOpen } = usePopup();
  const [isSaving, setIsSaving] = useState(false);
  const mayLabel = useMay("annotator");
  const known = useQuery({ ...views(project), enabled: isOpen || now.q !== "" || now.since !== undefined });
  const items = known.data?.items ?? [];
  const current = items.find((view) => isSame(view, now));
  useKeys({ v: () => setIsOpen(true) });
  return (
    <div className="views" ref={box}>
      <button type="button" className="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        <Icon name="filter" size={14} />
        <span className="truncate">{current?.name ?? "Views"}</span>
      </button>
      {isOpen ? (
        <div className="menu views-menu">
          {known.error ? <p role="alert">{known.error.message}</p> : null}
          {known.isSuccess && items.length === 0 ? (
            <p className="quiet views-none">No saved views yet. Filter the list, then save it for everybody here.</p>
          ) : null}
          <ul aria-label="Saved views">
            {items.map((view) => (
              <ViewItem key={view.id} view={view} isCurrent={view === current} onTake={() => setIsOpen(false)} />
            ))}
          </ul>
          {mayLabel ? (
            <button
              type="button"
              className="menu-item views-save"
              disabled={current !== undefined}
              onClick={() => {
                setIsOpen(false);
                setIsSaving(true);
              }}
            >
              Save what is shown now…
            </button>
          ) : null}
        </div>
      ) : null}
      {isSaving ? <SaveDialog now={now} onClose={() => setIsSaving(false)} /> : null}
    </div>
  );
}

function ViewItem({ view, isCurrent, onTake }: { view: SavedView; isCurrent: boolean; onTake: () => void }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const mayLabel = useMay("annotator");
  const removal = useMutation({
    mutationFn: () => deleteView(project, view.id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: [project, "views"] }),
  });
  return (
    <li className="views-item">
      <Link
        to="/"
        search={(current) => ({
          ...current,
          q: view.query || undefined,
          since: view.since ?? undefined,
          until: view.until ?? undefined,
        })}
        className="menu-item"
        aria-current={isCurrent ? "true" : undefined}
        onClick={onTake}
      >
        <span className="facet-check">{isCurrent ? <Icon name="check" size={14} /> : null}</span>
        <span className="views-text">
          <span className="truncate">{view.name}</span>
          <code className="truncate quiet">{[view.query, view.since].filter(Boolean).join("  ") || "all runs"}</code>
        </span>
      </Link>
      {mayLabel ? (
        <button
          type="button"
          className="button button-ghost button-icon"
          aria-label={`Delete the view ${view.name}`}
          disabled={removal.isPending}
          onClick={() => removal.mutate()}
        >
          <Icon name="close" size={14} />
        </button>
      ) : null}
    </li>
  );
}

function SaveDialog({ now, onClose }: { now: Address; onClose: () => void }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const saving = useMutation({
    mutationFn: () =>
      saveView(project, {
        name: name.trim(),
        query: now.q,
        ...(now.since ? { since: now.since } : {}),
        ...(now.until ? { until: now.until } : {}),
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: [project, "views"] });
      onClose();
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    saving.mutate();
  }
  return (
    <Dialog title="Save this view" onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <p className="quiet">
          <code>{[now.q, now.since, now.until].filter(Boolean).join("  ") || "all runs"}</code>
        </p>
        <label htmlFor="view-name">Name, for everybody in the project</label>
        <div className="form-row">
          <input
            id="view-name"
            className="field"
            autoComplete="off"
            maxLength={200}
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button button-primary" disabled={name.trim() === "" || saving.isPending}>
            Save
          </button>
        </div>
        {saving.error ? (
          <p className="tone-bad" role="alert">
            {saving.error.message}
          </p>
        ) : null}
      </form>
    </Dialog>
  );
}
