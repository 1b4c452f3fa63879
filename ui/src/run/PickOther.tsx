import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { runsAbout } from "@/api/reading";
import { Outcome } from "@/design/Outcome";
import { firstLine } from "@/formats/json";
import { ago } from "@/formats/time";
import { Failure } from "@/shell/Failure";
import { useRun } from "./RunContext";
import "@/beside/beside.css";

const PAUSE_MS = 250;
const TASK_CHARACTERS = 160;

/** Chooses the run to compare with: those of the same task at first, any other by a few words of its task. */
export function PickOther({ onClose }: { onClose: () => void }): ReactNode {
  const { project, runId, detail } = useRun();
  const task = firstLine((detail.run.task ?? detail.task ?? "").trim()).slice(0, TASK_CHARACTERS);
  const dialog = useRef<HTMLDialogElement>(null);
  const [draft, setDraft] = useState("");
  const [about, setAbout] = useState(task);
  const title = useId();
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    const timer = setTimeout(() => setAbout(draft.trim() || task), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft, task]);
  const found = useInfiniteQuery(runsAbout(project, about));
  const runs = (found.data?.pages ?? []).flatMap((page) => page.items).filter((run) => run.run_id !== runId);
  return (
    <dialog ref={dialog} className="dialog" aria-labelledby={title} onClose={onClose}>
      <form method="dialog" className="dialog-head">
        <h2 id={title}>Compare with another run</h2>
        <button type="submit" className="button button-ghost">
          Close
        </button>
      </form>
      <div className="pick-search">
        <input
          className="field"
          type="search"
          aria-label="Find a run"
          placeholder="Runs of the same task; type to find another"
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
        />
      </div>
      {found.error ? <Failure error={found.error} onRetry={() => void found.refetch()} /> : null}
      {found.isSuccess && runs.length === 0 ? (
        <p className="pick-note" role="status">
          {draft ? "No run speaks of that." : "No other run of this task. Type a few words to find any other run."}
        </p>
      ) : null}
      <div className="pick-list">
        {runs.map((run) => (
          <Link
            key={run.run_id}
            to="/runs/$runId/beside/$otherId"
            params={{ runId, otherId: run.run_id }}
            className="pick-run"
          >
            <Outcome outcome={run.outcome} />
            <span className="truncate">
              {firstLine(run.task ?? "") || run.name || run.run_id} <span className="quiet">{run.system}</span>
            </span>
            <span className="num quiet">{ago(run.start, Date.now())}</span>
          </Link>
        ))}
        {found.hasNextPage ? (
          <button type="button" className="button" onClick={() => void found.fetchNextPage()}>
            More
          </button>
        ) : null}
      </div>
    </dialog>
  );
}
