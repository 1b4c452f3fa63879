import type { Agreement } from "@/api/schema";

/** How well an evaluator agrees with people on a code, and where that was measured. */
export type Figure = {
  where: "here" | "shipped";
  kappa: number | null;
  low: number | null;
  high: number | null;
  n: number;
};

/** The project's own figure where people labelled enough, else the one that ships with a rule; null where neither is. */
export function figureOf(agreement: Agreement, evaluator: string, code: string): Figure | null {
  const own = agreement.evaluators
    .find((each) => each.evaluator === evaluator)
    ?.codes.find((line) => line.code === code);
  if (own && own.n > 0 && own.kappa !== null) {
    const { low = null, high = null } = own.kappa_interval ?? {};
    return { where: "here", kappa: own.kappa, low, high, n: own.n };
  }
  const shipped = agreement.shipped.rules.find((rule) => rule.evaluator === evaluator && rule.code === code);
  // A rule that never fired on the labels has a kappa of 0 there, which says nothing of it.
  if (!shipped || shipped.kappa === null || shipped.true_positive + shipped.false_positive === 0) return null;
  return { where: "shipped", kappa: shipped.kappa, low: null, high: null, n: agreement.shipped.runs };
}

export function inWords(figure: Figure | null): string {
  if (figure === null || figure.kappa === null) return "agreement with people not yet measured";
  const { kappa, low, high, n, where } = figure;
  const interval = low === null || high === null ? "" : ` (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const runs = `${n} ${where === "here" ? "labelled" : "public"} ${n === 1 ? "run" : "runs"}`;
  return `kappa ${kappa.toFixed(2)}${interval} on ${runs}${where === "here" ? "" : ", not yet measured here"}`;
}
