import type { ReactNode } from "react";
import type { RunsFilter } from "@/api/queries";
import type { Coverage as CoverageOf } from "@/api/schema";
import { exact } from "@/formats/numbers";
import { useMay } from "@/shell/useMay";
import { useDiagnose } from "./useDiagnose";

/** How many of the chosen runs are diagnosed, the way to diagnose the others, and how far that is. */
export function Coverage({ coverage, filter }: { coverage: CoverageOf; filter: RunsFilter }): ReactNode {
  const { running, latest, start, stop } = useDiagnose();
  const mayDiagnose = useMay("editor");
  const due = coverage.runs - coverage.current;
  const problem = start.error?.message ?? (latest?.state === "failed" ? latest.problem : null);
  if (due === 0 && !running && !problem) return null;
  return (
    <section className="coverage panel" aria-label="Diagnosed runs">
      {running ? (
        <Progress done={running.done} total={running.total} />
      ) : (
        <span>
          <strong className="num">{exact(coverage.diagnosed)}</strong> of{" "}
          <span className="num">{exact(coverage.runs)}</span> runs are diagnosed; the figures are of those.
          {coverage.diagnosed > coverage.current
            ? ` ${exact(coverage.diagnosed - coverage.current)} diagnoses are out of date: the runs or the detectors have changed since.`
            : null}
        </span>
      )}
      {problem ? (
        <span className="coverage-bad" role="alert">
          {problem}
        </span>
      ) : null}
      {running && mayDiagnose ? (
        <button type="button" className="button" onClick={() => stop.mutate(running.id)}>
          Stop
        </button>
      ) : null}
      {!running && mayDiagnose && due > 0 ? (
        <button
          type="button"
          className="button button-primary"
          disabled={start.isPending}
          onClick={() => start.mutate({ filter })}
        >
          Diagnose {exact(due)} runs
        </button>
      ) : null}
    </section>
  );
}

function Progress({ done, total }: { done: number; total: number }): ReactNode {
  return (
    <>
      <span role="status">
        Diagnosing: <span className="num">{exact(done)}</span> of <span className="num">{exact(total)}</span> runs
      </span>
      <progress value={done} max={total} aria-label="Runs diagnosed" />
    </>
  );
}
