import { useMemo } from "react";
import { quotesIn } from "@/findings/quotes";
import { isRejected } from "@/findings/select";
import { useFindings } from "./useFindings";

const NONE: readonly string[] = [];

/** What the findings that cite a turn quote, and what it passed on along the path of the failure. */
export function useQuotes(turn: number): readonly string[] {
  const { codes, origin, followed } = useFindings();
  return useMemo(() => {
    const citing = [...codes, ...(origin ? [origin] : [])].filter(
      (finding) => !isRejected(finding) && (finding.turn === turn || finding.evidence.includes(turn)),
    );
    const path = followed?.spread.path ?? [];
    const carried = (followed?.spread.edges ?? [])
      .filter(({ source, target }) => source === turn || target === turn)
      .filter(({ source, target }) => path.indexOf(source) >= 0 && path.indexOf(target) === path.indexOf(source) + 1)
      .flatMap((edge) => edge.carried.map((each) => each.text.replace(/…$/, "")));
    const quotes = [...citing.flatMap((finding) => quotesIn(finding.reason)), ...carried];
    return quotes.length === 0 ? NONE : [...new Set(quotes)];
  }, [turn, codes, origin, followed]);
}
