import { type ReactNode, useState } from "react";
import { Code } from "@/text/Code";
import { type Document, isObject, type Json } from "./document";
import { Section } from "./Entries";
import { useDraft } from "./Fields";

/** The whole document as JSON: everything that gateway.toml can say can be said here too. */
export function DocumentPart(): ReactNode {
  const { document, file, effective, faults, change } = useDraft();
  const [typed, setTyped] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const text = typed ?? JSON.stringify(document, null, 2);
  function type(next: string): void {
    setTyped(next);
    const read = parsed(next);
    setFault(read.fault);
    if (read.document) change(read.document);
  }
  return (
    <Section
      title="As a document"
      help="The same as in the forms, and all that they leave out. It has the shape of gateway.toml, written as JSON."
    >
      <textarea
        className="field try-text try-code config-document"
        aria-label="The project's document, as JSON"
        aria-invalid={fault !== null}
        aria-describedby="document-fault"
        spellCheck={false}
        rows={22}
        value={text}
        onChange={(event) => type(event.target.value)}
      />
      <div id="document-fault" aria-live="polite">
        {fault ? <p className="tone-bad">{fault}</p> : null}
        {fault === null
          ? faults.map(({ where, message }) => (
              <p key={`${where} ${message}`} className="tone-bad">
                <code>{where}</code> {message}
              </p>
            ))
          : null}
      </div>
      <Shown title="gateway.toml, which holds for all projects" document={file} />
      <Shown title="What holds, with every default" document={effective} />
    </Section>
  );
}

function Shown({ title, document }: { title: string; document: Document }): ReactNode {
  if (Object.keys(document).length === 0) return null;
  return (
    <details className="try-extra">
      <summary>{title}</summary>
      <Code text={JSON.stringify(document, null, 2)} language="json" />
    </details>
  );
}

function parsed(text: string): { document: Document | null; fault: string | null } {
  try {
    const found = JSON.parse(text.trim() === "" ? "{}" : text) as Json;
    return isObject(found)
      ? { document: found, fault: null }
      : { document: null, fault: "The document is a JSON object" };
  } catch (cause) {
    return { document: null, fault: `This is no JSON yet: ${(cause as Error).message}` };
  }
}
