import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { facets } from "@/api/queries";
import { tagRuns } from "@/api/shelf";
import { Dialog } from "@/design/Dialog";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import type { DialogProps } from "./props";

const split = (text: string) => [...new Set(text.split(",").map((tag) => tag.trim()))].filter(Boolean);

/** Puts tags on the chosen runs or takes them off. What people tag is filtered like what the program tagged. */
export function TagDialog({ bulk, onClose }: DialogProps): ReactNode {
  const project = useProject();
  const [text, setText] = useState("");
  const known = useQuery(facets(project, {})).data?.tags ?? [];
  const tags = split(text);
  async function change(side: "add" | "remove", event?: FormEvent): Promise<void> {
    event?.preventDefault();
    const names = tags.join(", ");
    const isDone = await bulk.act(
      async (run_ids) => (await tagRuns(project, { run_ids, [side]: tags })).runs,
      (runs) =>
        side === "add" ? `${plural(runs, "run")} tagged ${names}` : `${names} taken off ${plural(runs, "run")}`,
    );
    if (isDone) onClose();
  }
  return (
    <Dialog title="Tag the chosen runs" onClose={onClose}>
      <form className="form" onSubmit={(event) => void change("add", event)}>
        <label htmlFor="tags">Tags, with commas between</label>
        <input
          id="tags"
          className="field"
          list="known-tags"
          autoFocus
          autoComplete="off"
          maxLength={400}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <datalist id="known-tags">
          {known.map((tag) => (
            <option key={tag.value} value={tag.value} />
          ))}
        </datalist>
        <div className="form-row">
          <button type="submit" className="button button-primary" disabled={tags.length === 0 || bulk.isBusy}>
            Put on
          </button>
          <button
            type="button"
            className="button"
            disabled={tags.length === 0 || bulk.isBusy}
            onClick={() => void change("remove")}
          >
            Take off
          </button>
        </div>
      </form>
    </Dialog>
  );
}
