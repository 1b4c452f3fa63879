import { createContext, type ReactNode, useContext } from "react";
import { stretches } from "@/findings/quotes";

/** What is looked for on this page: every text below marks it. Empty marks nothing. */
const Wanted = createContext("");
export const MarkText = Wanted.Provider;

/** What the findings quote of the turn below: shown as evidence where it stands. */
const Quoted = createContext<readonly string[]>([]);
export const MarkQuotes = Quoted.Provider;

/** A longer text is not searched for quotes: it is shown as it is, and rarely. */
const LONGEST = 60_000;

/** A text in which what is looked for and what is cited as evidence stand out. */
export function Marked({ text }: { text: string }): ReactNode {
  const wanted = useContext(Wanted);
  const quotes = useContext(Quoted);
  if (wanted === "" && quotes.length === 0) return text;
  const cited = text.length > LONGEST ? [] : stretches(text, quotes);
  if (cited.length === 0) return found(text, wanted);
  const parts: ReactNode[] = [];
  let from = 0;
  for (const each of cited) {
    parts.push(<span key={`t${from}`}>{found(text.slice(from, each.from), wanted)}</span>);
    parts.push(
      <mark key={`q${each.from}`} className="cited" title="Cited as evidence">
        {found(text.slice(each.from, each.to), wanted)}
      </mark>,
    );
    from = each.to;
  }
  return [...parts, <span key="rest">{found(text.slice(from), wanted)}</span>];
}

function found(text: string, wanted: string): ReactNode {
  const parts = split(text, wanted);
  if (parts.length === 1) return text;
  // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text never reorder.
  return parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part));
}

/** The text cut at every occurrence, whatever its case: even parts lie between, odd parts match. */
export function split(text: string, wanted: string): string[] {
  const [haystack, needle] = [text.toLowerCase(), wanted.toLowerCase()];
  // Lower case can be longer than upper case in a few scripts; then places would not agree, and nothing is marked.
  if (needle === "" || haystack.length !== text.length) return [text];
  const parts: string[] = [];
  let from = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + needle.length));
    from = at + needle.length;
  }
  return [...parts, text.slice(from)];
}
