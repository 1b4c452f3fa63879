import { type ReactNode, useState } from "react";
import { exact } from "@/formats/numbers";

/** Beyond this a text is folded: nobody reads it in passing, and everybody scrolls past it. */
const LONG_CHARACTERS = 2400;
const LONG_LINES = 36;

export function isLong(text: string): boolean {
  return text.length > LONG_CHARACTERS || text.split("\n", LONG_LINES + 1).length > LONG_LINES;
}

type Props = { text: string; isOpen: boolean; children: (text: string) => ReactNode };

/** Shows the beginning of a long text, and the rest when asked. `isOpen` opens it from outside, as a search does. */
export function Fold({ text, isOpen, children }: Props): ReactNode {
  const [isUnfolded, setIsUnfolded] = useState(false);
  if (!isLong(text)) return children(text);
  const isWhole = isOpen || isUnfolded;
  return (
    <>
      {children(isWhole ? text : beginning(text))}
      {isOpen ? null : (
        <button type="button" className="fold" aria-expanded={isWhole} onClick={() => setIsUnfolded(!isUnfolded)}>
          {isWhole ? "Fold" : `Show all ${exact(text.length)} characters`}
        </button>
      )}
    </>
  );
}

/** The first part, cut at a line's end; an open code fence is closed, so that what follows does not become code. */
function beginning(text: string): string {
  const lines = text
    .slice(0, LONG_CHARACTERS)
    .split("\n")
    .slice(0, LONG_LINES - 8);
  const start = lines.join("\n");
  const fences = lines.filter((line) => /^\s*(```|~~~)/.test(line)).length;
  return fences % 2 === 1 ? `${start}\n\`\`\`` : start;
}
