import type { ReactNode } from "react";
import { prettyJson } from "@/formats/json";
import { Code } from "./Code";
import { Marked } from "./Marked";

/** What a tool said or was given: JSON indented and coloured, anything else exactly as it came. */
export function Plain({ text }: { text: string }): ReactNode {
  const json = prettyJson(text);
  if (json !== null) return <Code text={json} language="json" />;
  return (
    <div className="plain">
      <Marked text={text} />
    </div>
  );
}
