import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { documentText, readDocument } from "@/api/configuration";
import { useProject } from "@/shell/project";
import { Code } from "@/text/Code";
import type { Document } from "./document";
import { Section } from "./Entries";
import { useDraft } from "./Fields";

/** The whole document as TOML: everything that gateway.toml can say can be said here too. */
export function DocumentPart(): ReactNode {
  const { document, file, effective, faults } = useDraft();
  const [begun] = useState(document);
  const written = useQuery(documentText(useProject(), begun));
  const [typed, setTyped] = useState<string | null>(null);
  const fault = useRead(typed);
  const text = typed ?? written.data?.text;
  return (
    <Section
      title="As a document"
      help="The same as in the forms, as gateway.toml has it. JSON is taken too. Comments are not kept."
    >
      {text === undefined ? (
        <div className="skeleton settings-wait" aria-hidden="true" />
      ) : (
        <textarea
          className="field try-text try-code config-document"
          aria-label="The project's document, as TOML"
          aria-invalid={fault !== null}
          aria-describedby="document-fault"
          spellCheck={false}
          rows={22}
          placeholder={EXAMPLE}
          value={text}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
      <div id="document-fault" aria-live="polite">
        {(fault ?? written.error) ? <p className="tone-bad">{fault ?? written.error?.message}</p> : null}
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

const EXAMPLE = `[[routes]]
model = "best"
targets = [{ connection = "openai", model = "gpt-4o" }]

[[limits]]
per = "key"
window = "day"
cost_usd = 20`;
const SETTLES_MS = 200;

/** Takes up the document that was typed once it can be read; returns why it cannot. */
function useRead(typed: string | null): string | null {
  const project = useProject();
  const { change } = useDraft();
  const [fault, setFault] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `change` is another one with every draft that it makes.
  useEffect(() => {
    if (typed === null) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      readDocument(project, typed).then(
        ({ document: found, fault: why }) => {
          if (!isCurrent) return;
          setFault(why);
          if (found) change(found as Document);
        },
        (cause: Error) => isCurrent && setFault(cause.message),
      );
    }, SETTLES_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [typed, project]);
  return fault;
}

function Shown({ title, document }: { title: string; document: Document }): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  const project = useProject();
  const written = useQuery({ ...documentText(project, document), enabled: isOpen });
  if (Object.keys(document).length === 0) return null;
  return (
    <details className="try-extra" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {written.error ? <p className="tone-bad">{written.error.message}</p> : null}
      {written.data ? <Code text={written.data.text} language="toml" /> : null}
    </details>
  );
}
