import { type ReactNode, useState } from "react";
import { MOUNT } from "@/api/client";
import { Dialog } from "@/design/Dialog";
import { Code } from "@/text/Code";
import { asCurl, asPython } from "./code";
import type { Json } from "./request";

const FORMS = [
  { word: "Python (openai)", language: "python", write: asPython },
  { word: "curl", language: "bash", write: asCurl },
] as const;

/** The call as a program, to take it along. */
export function CopyCode({ body }: { body: Json }): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  const [at, setAt] = useState(0);
  const form = FORMS[at] ?? FORMS[0];
  return (
    <>
      <button type="button" className="button button-ghost" onClick={() => setIsOpen(true)}>
        Copy as code
      </button>
      {isOpen ? (
        <Dialog title="The same call as a program" onClose={() => setIsOpen(false)} isWide>
          <fieldset className="tabs try-choice" aria-label="Language">
            {FORMS.map(({ word }, place) => (
              <button
                key={word}
                type="button"
                className="button"
                aria-pressed={place === at}
                onClick={() => setAt(place)}
              >
                {word}
              </button>
            ))}
          </fieldset>
          <p className="quiet">
            MASTHEAD_KEY is one of the project's keys, with the role editor; on your own machine any text will do.
          </p>
          <Code text={form.write(body, `${location.origin}${MOUNT}/v1`)} language={form.language} />
        </Dialog>
      ) : null}
    </>
  );
}
