import { createContext, type ReactNode, useContext } from "react";

/** What is looked for on this page: every text below marks it. Empty marks nothing. */
const Wanted = createContext("");
export const MarkText = Wanted.Provider;

/** A text in which what is looked for stands out. */
export function Marked({ text }: { text: string }): ReactNode {
  const wanted = useContext(Wanted);
  if (wanted === "") return text;
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
