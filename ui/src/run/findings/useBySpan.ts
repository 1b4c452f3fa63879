import { useMemo } from "react";
import { isRejected } from "@/findings/select";
import { useTurns } from "../useTurns";
import { useFindings } from "./useFindings";

/** More findings than this have no sign in the waterfall: each needs its turn, to know its span. */
const MOST = 60;

/** What was found at each span, in words, by the span's id. */
export function useBySpan(): ReadonlyMap<string, string> {
  const { codes, origin } = useFindings();
  const marked = useMemo(() => {
    const found = codes
      .filter((finding) => !isRejected(finding))
      .map(({ turn, score }) => ({ turn, word: score.name }));
    const began = origin ? [{ turn: origin.turn, word: "began here" }] : [];
    return [...began, ...found].slice(0, MOST);
  }, [codes, origin]);
  const turns = useTurns(useMemo(() => marked.flatMap(({ turn }) => turn ?? []), [marked]));
  return useMemo(() => {
    const words = new Map<string, string[]>();
    for (const { turn, word } of marked) {
      const span = turn === null ? null : (turns.get(turn)?.span_id ?? null);
      if (span === null) continue;
      const known = words.get(span) ?? [];
      if (!known.includes(word)) words.set(span, [...known, word]);
    }
    return new Map([...words].map(([span, each]) => [span, each.join(", ")]));
  }, [marked, turns]);
}
