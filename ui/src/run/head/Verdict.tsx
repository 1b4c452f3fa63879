import type { ReactNode } from "react";
import { useFindings } from "../findings/useFindings";
import { useRun } from "../RunContext";
import { Cost } from "./Cost";
import { Spread } from "./Spread";
import { Who } from "./Who";
import { Why } from "./Why";
import "./verdict.css";

/** The four questions that a reader comes with, answered in one row: why, who, how it spread, what it cost. */
export function Verdict(): ReactNode {
  const { detail } = useRun();
  const { codes, origin, isPending, trouble } = useFindings();
  const isFailed = detail.run.outcome === "failure" || detail.run.outcome === "error";
  if (isPending)
    return (
      <div className="verdict is-pending" role="status">
        <span className="sr-only">Diagnosing</span>
        <div className="skeleton" />
      </div>
    );
  if (trouble)
    return (
      <p className="verdict-trouble" role="alert">
        It could not be diagnosed: {trouble.error.message}{" "}
        <button type="button" className="text-link" onClick={trouble.retry}>
          Try again
        </button>
      </p>
    );
  if (!isFailed && codes.length === 0 && !origin) return null;
  return (
    <div className="verdict">
      <Answer question={isFailed ? "Why it failed" : "What was found"}>
        <Why />
      </Answer>
      {detail.run.outcome === "success" ? null : (
        <>
          <Answer question="Who began it">
            <Who />
          </Answer>
          <Answer question="How it spread">
            <Spread />
          </Answer>
          <Answer question="What it cost">
            <Cost />
          </Answer>
        </>
      )}
    </div>
  );
}

function Answer({ question, children }: { question: string; children: ReactNode }): ReactNode {
  return (
    <section className="answer" aria-label={question}>
      <h2>{question}</h2>
      {children}
    </section>
  );
}
