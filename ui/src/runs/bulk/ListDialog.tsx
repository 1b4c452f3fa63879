import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { changeList, createList, lists } from "@/api/shelf";
import { Dialog } from "@/design/Dialog";
import { Icon } from "@/design/icons";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import type { DialogProps } from "./props";

/** Adds the chosen runs to a dataset or an annotation queue, or to a new one. */
export function ListDialog({ bulk, onClose }: DialogProps): ReactNode {
  const project = useProject();
  const known = useQuery(lists(project));
  async function add(list: { id: string; name: string }): Promise<void> {
    const isDone = await bulk.act(
      async (runIds) => (await changeList(project, list.id, { add: runIds })).added,
      (runs) => `${plural(runs, "run")} added to ${list.name}${runs === 0 ? ": all were in it" : ""}`,
    );
    if (isDone) onClose();
  }
  return (
    <Dialog title="Add the chosen runs to a list" onClose={onClose}>
      {known.error ? <p role="alert">{known.error.message}</p> : null}
      {known.data && known.data.items.length > 0 ? (
        <ul className="choices" aria-label="Lists">
          {known.data.items.map((list) => (
            <li key={list.id}>
              <button type="button" className="menu-item" disabled={bulk.isBusy} onClick={() => void add(list)}>
                <Icon name={list.kind === "queue" ? "flag" : "list"} size={14} />
                <span className="truncate">{list.name}</span>
                <span className="quiet">
                  {list.kind === "queue" ? "annotation queue" : "dataset"}, {plural(list.runs, "run")}
                </span>
              </button>
            </li>
          ))}
        </ul>
      ) : null}
      <NewList
        isBusy={bulk.isBusy}
        onMade={(list) => void add(list)}
        say={(text) => bulk.say({ text, isError: true })}
      />
    </Dialog>
  );
}

type NewProps = { isBusy: boolean; onMade: (list: { id: string; name: string }) => void; say: (text: string) => void };

function NewList({ isBusy, onMade, say }: NewProps): ReactNode {
  const project = useProject();
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"dataset" | "queue">("queue");
  async function make(event: FormEvent): Promise<void> {
    event.preventDefault();
    try {
      onMade(await createList(project, { name: name.trim(), kind }));
    } catch (error) {
      say((error as Error).message);
    }
  }
  return (
    <form className="form" onSubmit={(event) => void make(event)}>
      <label htmlFor="list-name">New list</label>
      <div className="form-row">
        <input
          id="list-name"
          className="field"
          placeholder="Name"
          autoComplete="off"
          maxLength={200}
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <select
          className="field"
          aria-label="Kind"
          value={kind}
          onChange={(event) => setKind(event.target.value === "queue" ? "queue" : "dataset")}
        >
          <option value="queue">Annotation queue</option>
          <option value="dataset">Dataset</option>
        </select>
        <button type="submit" className="button button-primary" disabled={name.trim() === "" || isBusy}>
          Make and add
        </button>
      </div>
      <p className="quiet">
        {kind === "queue"
          ? "People label its runs one after the other."
          : "Runs that belong together, to come back to."}
      </p>
    </form>
  );
}
