import { createContext, type ReactNode, useContext, useId, useState } from "react";
import { useEver } from "@/design/useEver";
import { typedList } from "@/formats/lists";
import { at, type Document, type Fault, faultsAt, type Json, objectOf, type Path, put } from "./document";
import type { Field } from "./fields";
import { Pairs } from "./Pairs";

export type Draft = {
  document: Document;
  /** What holds now, with all defaults: shown where nothing is set. */
  effective: Document;
  file: Document;
  faults: readonly Fault[];
  warnings: readonly Fault[];
  change: (document: Document) => void;
};

const DraftContext = createContext<Draft | null>(null);
export const DraftProvider = DraftContext.Provider;

export function useDraft(): Draft {
  const draft = useContext(DraftContext);
  if (draft === null) throw new Error("A form of the configuration stands outside of it");
  return draft;
}

/** The names of all connections, those that are not saved yet included. */
export function useConnections(): string[] {
  const { document, effective } = useDraft();
  return Object.keys({ ...objectOf(effective, ["connections"]), ...objectOf(document, ["connections"]) });
}

type FieldsProps = { path: Path; fields: readonly Field[]; rare?: string };

/** Fields of one part of the document; rare ones behind a word. */
export function Fields({ path, fields, rare: word = "More settings" }: FieldsProps): ReactNode {
  const { document } = useDraft();
  const rare = fields.filter((field) => field.isRare);
  const wasSet = useEver(rare.some((field) => at(document, [...path, field.name]) !== undefined));
  return (
    <>
      {rare.length === fields.length ? null : (
        <div className="config-fields">
          {fields
            .filter((field) => !field.isRare)
            .map((field) => (
              <One key={field.name} path={path} field={field} />
            ))}
        </div>
      )}
      {rare.length === 0 ? null : (
        <details className="try-extra" open={wasSet || undefined}>
          <summary>{word}</summary>
          <div className="config-fields">
            {rare.map((field) => (
              <One key={field.name} path={path} field={field} />
            ))}
          </div>
        </details>
      )}
    </>
  );
}

function One({ path, field }: { path: Path; field: Field }): ReactNode {
  const { document, effective, file, faults, warnings, change } = useDraft();
  const id = useId();
  const place = [...path, field.name];
  const value = at(document, place);
  const wrong = faultsAt(faults, place, true);
  const warned = faultsAt(warnings, place, true);
  // Places of lists are other ones in what holds, where the file's entries come first.
  const isListed = path.some((step) => typeof step === "number");
  const above = isListed ? undefined : at(file, place);
  const otherwise = above ?? field.otherwise ?? (isListed ? undefined : at(effective, place));
  const said = asWords(field, above);
  const set = (next: Json | undefined) => change(put(document, place, next));
  const described = `${id}-help`;
  const control = (
    <Control
      id={id}
      field={field}
      value={value}
      otherwise={otherwise}
      isAbove={said !== ""}
      isWrong={wrong.length > 0}
      described={described}
      set={set}
    />
  );
  const notes = (
    <span id={described} className="config-notes">
      {field.help ? <span className="quiet">{field.help}</span> : null}
      {said === "" ? null : <span className="quiet">gateway.toml says: {said}.</span>}
      {wrong.map((message) => (
        <span key={message} className="tone-bad">
          {message}
        </span>
      ))}
      {warned.map((message) => (
        <span key={message} className="tone-warn">
          {message}
        </span>
      ))}
    </span>
  );
  if (field.kind === "pairs") {
    return (
      <fieldset className="config-field config-pairs" aria-describedby={described}>
        <legend>{field.label}</legend>
        {control}
        {notes}
      </fieldset>
    );
  }
  if (field.kind === "check") {
    return (
      <div className="config-field">
        <label className="check" htmlFor={id}>
          {control}
          {field.label}
        </label>
        {notes}
      </div>
    );
  }
  return (
    <div className="config-field">
      <label htmlFor={id}>{field.label}</label>
      {control}
      {notes}
    </div>
  );
}

type ControlProps = {
  id: string;
  field: Field;
  value: Json | undefined;
  otherwise: Json | undefined;
  /** Whether the server's file says `otherwise`, so that it holds where nothing is typed. */
  isAbove: boolean;
  isWrong: boolean;
  described: string;
  set: (value: Json | undefined) => void;
};

function Control({ id, field, value, otherwise, isAbove, isWrong, described, set }: ControlProps): ReactNode {
  const shared = { id, "aria-describedby": described, "aria-invalid": isWrong } as const;
  switch (field.kind) {
    case "check":
      return (
        <input
          {...shared}
          type="checkbox"
          checked={(value ?? otherwise) === true}
          onChange={(event) => set(event.target.checked)}
        />
      );
    case "choice":
      return (
        <select
          {...shared}
          className="field"
          value={String(value ?? otherwise ?? field.choices?.[0]?.value ?? "")}
          onChange={(event) => set(event.target.value === "" ? undefined : event.target.value)}
        >
          {field.choices?.map((each) => (
            <option key={each.value} value={each.value}>
              {each.word}
            </option>
          ))}
        </select>
      );
    case "pairs":
      return <Pairs sides={field.sides ?? ["Name", "Value"]} value={value} set={set} />;
    case "connection":
      return <ConnectionChoice {...{ shared, value, set }} />;
    default:
      return <Typed {...{ shared, field, value, otherwise, isAbove, set }} />;
  }
}

type ConnectionProps = Pick<ControlProps, "value" | "set"> & { shared: { id: string } };

/** One of the connections that there are, saved or not yet. */
function ConnectionChoice({ shared, value, set }: ConnectionProps): ReactNode {
  const names = useConnections();
  const chosen = typeof value === "string" ? value : "";
  return (
    <select
      {...shared}
      className="field"
      value={chosen}
      onChange={(event) => set(event.target.value === "" ? undefined : event.target.value)}
    >
      <option value="">none</option>
      {chosen === "" || names.includes(chosen) ? null : <option>{chosen}</option>}
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}

type TypedProps = Pick<ControlProps, "field" | "value" | "otherwise" | "isAbove" | "set"> & { shared: { id: string } };

/** A text field whose text stays as it is typed; what it means goes into the document. */
function Typed({ shared, field, value, otherwise, isAbove, set }: TypedProps): ReactNode {
  const [typed, setTyped] = useState<string | null>(null);
  const text = typed !== null && sameMeaning(field, typed, value) ? typed : asText(value);
  return (
    <input
      {...shared}
      className="field"
      autoComplete="off"
      spellCheck={false}
      inputMode={field.kind === "number" || field.kind === "money" ? "decimal" : undefined}
      placeholder={(isAbove ? undefined : field.placeholder) ?? asText(otherwise)}
      value={text}
      onChange={(event) => {
        setTyped(event.target.value);
        set(meant(field, event.target.value));
      }}
    />
  );
}

function meant(field: Field, text: string): Json | undefined {
  if (field.kind === "list") {
    const list = typedList(text);
    return list.length === 0 ? undefined : list;
  }
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (field.kind !== "number") return field.kind === "money" ? trimmed : text;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : trimmed;
}

function sameMeaning(field: Field, typed: string, value: Json | undefined): boolean {
  return JSON.stringify(meant(field, typed)) === JSON.stringify(value);
}

/** What the server's file says of a field, in the field's own words. */
function asWords(field: Field, value: Json | undefined): string {
  if (field.kind === "pairs") return "";
  if (field.kind === "check") return value === undefined ? "" : value === true ? "yes" : "no";
  return field.choices?.find((choice) => choice.value === value)?.word ?? asText(value);
}

function asText(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  return Array.isArray(value) ? value.map(String).join(", ") : String(value);
}
