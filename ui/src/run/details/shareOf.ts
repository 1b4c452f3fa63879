import type { Diagnosis } from "@/api/types";
import { exact, plural, sum, usd } from "@/formats/numbers";
import { duration } from "@/formats/time";

export type FailureCost = NonNullable<Diagnosis["cost"]>;

/** What came after the origin beside the whole, in the unit that tells most; null where nothing came after it. */
export function shareOf({ after, total, avoidable_share, avoidable_unit }: FailureCost): string | null {
  if (avoidable_share === null || after.turns === 0) return null;
  const amounts: Record<typeof avoidable_unit, string> = {
    usd: `${usd(after.cost_usd)} of ${usd(total.cost_usd)}`,
    tokens: `${exact(sum(after.input_tokens, after.output_tokens))} of ${exact(sum(total.input_tokens, total.output_tokens))} tokens`,
    seconds: `${duration(milliseconds(after.seconds))} of ${duration(milliseconds(total.seconds))}`,
    turns: `${exact(after.turns)} of ${plural(total.turns, "turn")}`,
  };
  return `${Math.round(avoidable_share * 100)}% came after it began: ${amounts[avoidable_unit]}.`;
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
