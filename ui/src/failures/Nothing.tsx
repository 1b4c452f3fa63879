import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Code } from "@/text/Code";

export function NoRuns({ isFiltered }: { isFiltered: boolean }): ReactNode {
  if (isFiltered)
    return (
      <section className="teach">
        <h2>No run matches</h2>
        <p>Take a term out of the filter, or look at a longer time.</p>
      </section>
    );
  return (
    <section className="teach">
      <h2>No runs yet</h2>
      <p>This page shows which failure modes your agent systems have, where, and what they cost, over many runs.</p>
      <Link to="/" className="button button-primary">
        Send the first run
      </Link>
    </section>
  );
}

export function NothingDiagnosed(): ReactNode {
  return (
    <section className="teach">
      <h2>Not diagnosed yet</h2>
      <p>
        A diagnosis reads every turn of a run with the built-in detectors: which failure modes occurred, where it began,
        how it spread and what it cost. It asks no language model, takes about 5 ms a run, and can be stopped at any
        time. The command line does the same:
      </p>
      <Code text="masthead diagnose --all" language="bash" />
    </section>
  );
}
