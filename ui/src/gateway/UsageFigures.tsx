import type { ReactNode } from "react";
import type { UsageRow } from "@/api/types";
import { Figure } from "@/design/Figure";
import { count, exact, percent, plural, sum, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";

export const seconds = (value: number | null) => (value === null ? null : value * 1000);

/** The figures of the whole range. What has no price is named, because no sum has it. */
export function UsageFigures({ total, shadows }: { total: UsageRow; shadows: UsageRow | null }): ReactNode {
  const tokens = sum(total.input_tokens, total.output_tokens);
  const cached = total.cache_read_tokens;
  return (
    <>
      <dl className="figures">
        <Figure name="Calls" value={count(total.calls)} note={`${exact(total.cache_hits)} answered from the cache`} />
        <Figure
          name="Cost"
          value={usd(total.cost_usd)}
          note={total.unpriced > 0 ? `without ${plural(total.unpriced, "call")} of unknown price` : "of all calls"}
        />
        <Figure
          name="Tokens"
          value={count(tokens)}
          note={cached ? `${percent(cached, total.input_tokens ?? 0)} of the input cached by providers` : "in and out"}
        />
        <Figure
          name="Failed"
          value={percent(total.errors, total.calls)}
          note={`${exact(total.errors)} of ${exact(total.calls)}`}
        />
        <Figure
          name="Duration"
          value={duration(seconds(total.latency_p50_s))}
          note={`median; ${duration(seconds(total.latency_p95_s))} at the 95th percentile`}
        />
        <Figure
          name="First chunk"
          value={duration(seconds(total.first_chunk_p50_s))}
          note={`median; ${duration(seconds(total.first_chunk_p95_s))} at the 95th percentile`}
        />
      </dl>
      {shadows ? (
        <p className="quiet">
          Beside these, {plural(shadows.calls, "shadow call")} cost {usd(shadows.cost_usd)}: their answers went to
          nobody.
        </p>
      ) : null}
    </>
  );
}
