import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { changeProject, project as projectQuery, tryRedaction } from "@/api/settings";
import type { Project } from "@/api/types";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import { Outcome, Wait } from "./Wait";

type Redaction = Project["redaction"];
type Kind = Redaction["kinds"][number];

const KINDS: ReadonlyArray<{ kind: Kind; word: string }> = [
  { kind: "email", word: "E-mail addresses" },
  { kind: "phone", word: "Phone numbers" },
  { kind: "card", word: "Payment cards" },
  { kind: "secret", word: "Keys, tokens and passwords" },
];
const EXAMPLE = "Write to ann@example.com or +1 555 010 9999; the card is 4111 1111 1111 1111.";

/** What is taken out of every text before anything is stored; tried here on a text of the reader's own. */
export function RedactionPart(): ReactNode {
  const asked = useQuery(projectQuery(useProject()));
  return <Wait asked={asked}>{(project) => <Editor key={JSON.stringify(project.redaction)} project={project} />}</Wait>;
}

function Editor({ project }: { project: Project }): ReactNode {
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState<Redaction>(project.redaction);
  const saving = useMutation({
    mutationFn: () => changeProject(project.id, { redaction: draft }),
    onSuccess: (saved) => queryClient.setQueryData(projectQuery(project.id).queryKey, saved),
  });
  const isChanged = JSON.stringify(draft) !== JSON.stringify(project.redaction);
  return (
    <>
      <form
        className="panel form"
        aria-labelledby="redaction-title"
        onSubmit={(event) => {
          event.preventDefault();
          saving.mutate();
        }}
      >
        <h2 id="redaction-title">Redaction</h2>
        <p className="quiet">
          Taken out of every text as it comes in, before it is written to the disk. Runs that are stored already stay as
          they are.
        </p>
        <label className="check">
          <input
            type="checkbox"
            checked={draft.is_on}
            onChange={(event) => setDraft({ ...draft, is_on: event.target.checked })}
          />
          Redact what comes in
        </label>
        <fieldset className="checks">
          <legend>What</legend>
          {KINDS.map(({ kind, word }) => (
            <label key={kind} className="check">
              <input
                type="checkbox"
                checked={draft.kinds.includes(kind)}
                onChange={(event) =>
                  setDraft({
                    ...draft,
                    kinds: KINDS.map((each) => each.kind).filter((each) =>
                      each === kind ? event.target.checked : draft.kinds.includes(each),
                    ),
                  })
                }
              />
              {word}
            </label>
          ))}
        </fieldset>
        <Patterns rules={draft.custom} onChange={(custom) => setDraft({ ...draft, custom })} />
        <div className="form-row">
          <button type="submit" className="button button-primary" disabled={!isChanged || saving.isPending}>
            Save
          </button>
          <Outcome error={saving.error} done={saving.isSuccess && !isChanged ? "Saved" : null} />
        </div>
      </form>
      <Trial project={project.id} redaction={draft} />
    </>
  );
}

type Rules = Redaction["custom"];

function Patterns({ rules, onChange }: { rules: Rules; onChange: (rules: Rules) => void }): ReactNode {
  const change = (place: number, part: Partial<Rules[number]>) =>
    onChange(rules.map((rule, at) => (at === place ? { ...rule, ...part } : rule)));
  return (
    <fieldset className="patterns">
      <legend>Patterns of your own (RE2 regular expressions)</legend>
      {rules.map((rule, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a rule has no identity but its place while it is written.
        <div className="form-row" key={place}>
          <input
            className="field pattern-name"
            aria-label={`Name of pattern ${place + 1}`}
            placeholder="name"
            pattern="[a-z0-9_-]{1,40}"
            title="Lower-case letters, digits, - and _"
            required
            value={rule.name}
            onChange={(event) => change(place, { name: event.target.value })}
          />
          <input
            className="field pattern"
            aria-label={`Pattern ${place + 1}`}
            placeholder="\bEMP-\d{6}\b"
            required
            spellCheck={false}
            maxLength={1000}
            value={rule.pattern}
            onChange={(event) => change(place, { pattern: event.target.value })}
          />
          <button
            type="button"
            className="button"
            aria-label={`Remove pattern ${place + 1}`}
            onClick={() => onChange(rules.filter((_, at) => at !== place))}
          >
            Remove
          </button>
        </div>
      ))}
      <button
        type="button"
        className="button"
        disabled={rules.length >= 50}
        onClick={() => onChange([...rules, { name: "", pattern: "" }])}
      >
        Add a pattern
      </button>
    </fieldset>
  );
}

function Trial({ project, redaction }: { project: string; redaction: Redaction }): ReactNode {
  const [text, setText] = useState(EXAMPLE);
  const trying = useMutation({
    mutationFn: () =>
      tryRedaction(project, {
        text,
        redaction: { ...redaction, custom: redaction.custom.filter((rule) => rule.pattern) },
      }),
  });
  const counts = Object.entries(trying.data?.counts ?? {});
  return (
    <section className="panel form" aria-labelledby="trial-title">
      <h2 id="trial-title">Try it</h2>
      <label htmlFor="trial">A text; it is not stored</label>
      <textarea
        id="trial"
        className="field"
        rows={4}
        maxLength={100_000}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="form-row">
        <button type="button" className="button" disabled={trying.isPending} onClick={() => trying.mutate()}>
          Show what would be stored
        </button>
        <Outcome
          error={trying.error}
          done={
            trying.data === undefined
              ? null
              : counts.length === 0
                ? "Nothing would be taken out"
                : counts.map(([kind, count]) => plural(count, kind, kind)).join(", ")
          }
        />
      </div>
      {trying.data ? <pre className="trial">{trying.data.text}</pre> : null}
    </section>
  );
}
