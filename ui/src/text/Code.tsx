import { memo, type ReactNode, useEffect, useState } from "react";
import { CopyButton } from "@/design/CopyButton";
import type { Piece } from "./highlight";
import { Marked } from "./Marked";

/** Code beyond this length stays uncoloured: thousands of spans of colour make a page heavy and nobody wiser. */
const LONGEST_COLOURED = 20_000;

/** A block of code, coloured once the colouring has loaded, with a button that copies it. */
export const Code = memo(function Code({ text, language }: { text: string; language: string }): ReactNode {
  const coloured = usePieces(text, language.trim().toLowerCase().split(/\s/)[0] ?? "");
  return (
    <div className="code">
      <div className="code-bar">
        <span>{language}</span>
        <CopyButton text={text} label="Copy code" />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard. */}
      <pre tabIndex={0}>
        <code>{coloured ? coloured.map(piece) : <Marked text={text} />}</code>
      </pre>
    </div>
  );
});

function piece({ text, className }: Piece, index: number): ReactNode {
  if (className === null) return <Marked key={index} text={text} />;
  return (
    <span key={index} className={className}>
      <Marked text={text} />
    </span>
  );
}

function usePieces(text: string, language: string): Piece[] | null {
  const [coloured, setColoured] = useState<Piece[] | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setColoured(null);
    if (language === "" || text.length > LONGEST_COLOURED) return;
    import("./highlight").then(({ pieces }) => {
      if (isCurrent) setColoured(pieces(text, language));
    });
    return () => {
      isCurrent = false;
    };
  }, [text, language]);
  return coloured;
}
