import type { ReactNode } from "react";
import { prettyJson } from "@/formats/json";
import { withoutAnsi } from "./ansi";
import { Code } from "./Code";
import { Marked } from "./Marked";

/** JSON up to this long reads well on its one line. */
const SHORT = 60;

/** What a tool said or was given: JSON indented and coloured, anything else exactly as it came. */
export function Plain({ text: raw }: { text: string }): ReactNode {
  const text = withoutAnsi(raw);
  const json = text.length > SHORT ? prettyJson(text) : null;
  if (json !== null) return <Code text={json} language="json" />;
  return (
    <div className="plain">
      <Marked text={text} />
    </div>
  );
}
