import type { ReactNode } from "react";
import type { Report } from "@/api/schema";
import { Figure } from "@/design/Figure";
import { exact, usd } from "@/formats/numbers";
import { between, share } from "@/statistics/text";
import "@/overview/overview.css";

/** The report in five figures. */
export function FailuresFigures({ report }: { report: Report }): ReactNode {
  const { overall, lost } = report;
  const isMissing = overall.attempted > overall.recorded;
  const [worst] = [...report.codes].sort((a, b) => b.runs - a.runs);
  const [first] = report.first_agents;
  return (
    <dl className="figures">
      <Figure
        name={isMissing ? "Success of attempted" : "Success"}
        value={share(overall.of_attempted)}
        note={
          isMissing
            ? `${share(overall.of_recorded)} of recorded; ${exact(overall.attempted - overall.recorded)} runs missing`
            : `95%: ${between(overall.of_attempted_interval, share)}`
        }
      />
      <Figure
        name="Failed or undecided runs"
        value={exact(lost.failed_runs)}
        note={`of ${exact(overall.recorded + overall.undecided)}, ${exact(overall.undecided)} without a verdict`}
      />
      <Figure
        name="Commonest failure mode"
        value={worst ? worst.code : "none"}
        note={worst ? `${share(worst.share)} of runs` : "no detector found one"}
      />
      <Figure
        name="Failures begin with"
        value={first ? first.name : "unknown"}
        note={first ? `${share(first.share, 0)} of failed runs with a known origin` : "no origin is known"}
      />
      <Figure
        name="Spent after failures began"
        value={lost.usd_after !== null ? usd(lost.usd_after) : `${exact(lost.tokens_after ?? lost.turns_after)}`}
        note={`${lost.usd_after !== null ? `of ${usd(lost.usd)}` : lost.tokens_after !== null ? `of ${exact(lost.tokens)} tokens` : `of ${exact(lost.turns)} turns`}${lost.mean_share === null ? "" : `; ${share(lost.mean_share, 0)} of a failed run`}`}
      />
    </dl>
  );
}
