import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Code } from "@/text/Code";

/** How labels come into a project: by reading runs, or with the runs. */
export function Teach(): ReactNode {
  return (
    <section className="teach">
      <h2>Nothing is measured here yet</h2>
      <p>
        A verdict is worth what its agreement with people is. As soon as people label some of this project’s runs, every
        evaluator is held against them: kappa per failure mode with its interval, what it confuses, how sure it may be.
      </p>
      <ol>
        <li>
          <Link to="/" search={(current) => (current.project ? { project: current.project } : {})}>
            <u>Open a run</u>
          </Link>
          , go to a finding and press <kbd className="kbd">a</kbd> if you agree, <kbd className="kbd">x</kbd> if not.
        </li>
        <li>Or bring labels in with the runs:</li>
      </ol>
      <Code text="masthead import --labels labels.jsonl path/to/logs" language="bash" />
    </section>
  );
}
