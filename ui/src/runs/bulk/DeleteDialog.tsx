import { type ReactNode, useState } from "react";
import { deleteRuns } from "@/api/shelf";
import { Dialog } from "@/design/Dialog";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import type { DialogProps } from "./props";

const WORD = "delete";

/** Asks before it removes runs for good; more than a few must be confirmed by typing a word. */
export function DeleteDialog({ selection, bulk, onClose }: DialogProps): ReactNode {
  const project = useProject();
  const [typed, setTyped] = useState("");
  const many = selection.isAllMatching || selection.ids.size > 10;
  const what = selection.isAllMatching ? "all runs that match" : plural(selection.ids.size, "run");
  async function remove(): Promise<void> {
    const isDone = await bulk.act(
      async (runIds) => (await deleteRuns(project, runIds)).runs,
      (runs) => `${plural(runs, "run")} deleted`,
    );
    if (!isDone) return;
    selection.clear();
    onClose();
  }
  return (
    <Dialog title={`Delete ${what}?`} onClose={onClose}>
      <div className="form">
        <p>
          Their spans, scores and labels leave the disk and every list, and cannot be brought back. The audit log keeps
          that it was done, and by whom.
        </p>
        {many ? (
          <>
            <label htmlFor="confirm">
              Type <strong>{WORD}</strong> to confirm
            </label>
            <input
              id="confirm"
              className="field"
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          </>
        ) : null}
        <div className="form-row">
          <button
            type="button"
            className="button button-danger"
            disabled={bulk.isBusy || (many && typed.trim().toLowerCase() !== WORD)}
            onClick={() => void remove()}
          >
            {bulk.isBusy ? "Deleting…" : `Delete ${what}`}
          </button>
          <button type="button" className="button" onClick={onClose}>
            Keep
          </button>
        </div>
      </div>
    </Dialog>
  );
}
