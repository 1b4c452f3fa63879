import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type RunsFilter, stats } from "@/api/queries";
import { Figure } from "@/design/Figure";
import { count, exact, sum, UNKNOWN, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";
import { useProject } from "@/shell/project";
import { outcomesOf, successRate } from "./totals";

const whole = (share: number) => `${Math.round(share * 100)}%`;

/** The figures of the whole range. A share comes with its interval, and with what it is a share of. */
export function Figures({ filter }: { filter: RunsFilter }): ReactNode {
  const project = useProject();
  const total = useQuery(stats(project, filter, "total")).data?.items[0];
  const outcomes = outcomesOf(useQuery(stats(project, filter, "total", "outcome")).data?.items ?? []);
  const success = successRate(outcomes);
  return (
    <dl className="figures">
      <Figure name="Runs" value={count(total?.runs ?? 0)} note={`${exact(total?.spans ?? 0)} spans`} />
      <Figure
        name="Success"
        value={success ? whole(success.rate) : UNKNOWN}
        note={
          success
            ? `${whole(success.low)} to ${whole(success.high)}, of ${exact(success.of)} with an outcome`
            : "no run says whether it succeeded"
        }
      />
      <Figure name="With errors" value={count(total?.errors)} note="runs in which a span failed" />
      <Figure
        name="Cost"
        value={usd(total?.cost_usd)}
        note={`${count(sum(total?.input_tokens, total?.output_tokens))} tokens`}
      />
      <Figure
        name="Duration"
        value={duration(seconds(total?.latency_p50_s))}
        note={`median; ${duration(seconds(total?.latency_p95_s))} at the 95th percentile`}
      />
      <Figure name="Model calls" value={count(total?.llm_calls)} note="in these runs" />
    </dl>
  );
}

function seconds(value: number | null | undefined): number | null {
  return value == null ? null : value * 1000;
}
