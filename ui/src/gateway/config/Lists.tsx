import { type ReactNode, useState } from "react";
import { entriesOf, isObject, type Json, moved, put, shown } from "./document";
import { Entry, Section } from "./Entries";
import { Fields, useDraft } from "./Fields";
import { ACCESS, LIMIT, PLUGINS, UNCOUNTED } from "./fields";

type ListProps = {
  name: "limits" | "access" | "plugins";
  titleOf: (entry: Json, place: number) => string;
  lineOf: (entry: Json) => string;
  children: (entry: Json, place: number) => ReactNode;
};

/** The file's entries to read, the project's own to edit. */
function OwnAndFile({ name, titleOf, lineOf, children }: ListProps): ReactNode {
  const { document, file, change } = useDraft();
  const own = entriesOf(document, [name]);
  const [count] = useState(own.length);
  return (
    <ol className="config-entries">
      {entriesOf(file, [name]).map((entry, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the file's entries have no identity but their place.
        <Entry key={place} name={titleOf(entry, place)} line={lineOf(entry)} path={["file", name, place]} isFromFile />
      ))}
      {own.map((entry, place) => (
        <Entry
          // biome-ignore lint/suspicious/noArrayIndexKey: an entry has no identity but its place while it is written.
          key={`${place}-${own.length}`}
          name={titleOf(entry, place)}
          line={lineOf(entry)}
          path={[name, place]}
          isOpen={place >= count}
          onRemove={() => change(put(document, [name, place], undefined))}
          onMove={
            name === "plugins" && own.length > 1
              ? (step) => change(put(document, [name], moved(own, place, step)))
              : undefined
          }
        >
          {children(entry, place)}
        </Entry>
      ))}
    </ol>
  );
}

function text(entry: Json, name: string): string {
  return isObject(entry) && entry[name] !== undefined ? shown(entry[name]) : "";
}

function names(entry: Json, name: string): string {
  const found = isObject(entry) ? entry[name] : undefined;
  return Array.isArray(found) ? found.map(String).join(", ") : "";
}

const WINDOWS: Record<string, string> = {
  minute: "a minute",
  hour: "an hour",
  day: "a day",
  month: "a month",
  total: "in all",
};

function amounts(entry: Json): string {
  const parts = [
    text(entry, "cost_usd") && `$${text(entry, "cost_usd")}`,
    text(entry, "requests") && `${text(entry, "requests")} requests`,
    text(entry, "tokens") && `${text(entry, "tokens")} tokens`,
  ].filter(Boolean);
  const only = names(entry, "only");
  const amount = parts.join(", ") || "nothing is limited yet";
  return `${amount} ${WINDOWS[text(entry, "window") || "day"] ?? ""}${only ? `; only ${only}` : ""}`;
}

function AddButton({ name, first, word }: { name: string; first: Json; word: string }): ReactNode {
  const { document, change } = useDraft();
  return (
    <button
      type="button"
      className="button config-add"
      onClick={() => change(put(document, [name], [...entriesOf(document, [name]), first]))}
    >
      {word}
    </button>
  );
}

export function LimitsPart(): ReactNode {
  return (
    <Section
      title="Limits"
      help="What may be used, and by whom. Each key, user or run has as much for itself. Used up, calls are refused with 429, the reason, and when it ends."
    >
      <OwnAndFile name="limits" titleOf={(entry) => `For each ${text(entry, "per") || "key"}`} lineOf={amounts}>
        {(_, place) => <Fields path={["limits", place]} fields={LIMIT} />}
      </OwnAndFile>
      <AddButton name="limits" first={{ per: "key", window: "day" }} word="Add a limit" />
      <div className="panel config-form">
        <Fields path={[]} fields={UNCOUNTED} />
      </div>
    </Section>
  );
}

export function AccessPart(): ReactNode {
  return (
    <Section
      title="Who may use what"
      help="A key that no rule names may use every model. Models and a budget can also be given to a key when it is made, in the settings under Keys."
    >
      <OwnAndFile
        name="access"
        titleOf={(entry) => names(entry, "keys") || "No key yet"}
        lineOf={(entry) => `may name ${names(entry, "models") || "nothing yet"}`}
      >
        {(_, place) => <Fields path={["access", place]} fields={ACCESS} />}
      </OwnAndFile>
      <AddButton name="access" first={{ keys: [], models: [] }} word="Add a rule" />
    </Section>
  );
}

export function PluginsPart(): ReactNode {
  return (
    <Section title="Content" help="What may be said to models, and by them. They act in this order.">
      <OwnAndFile
        name="plugins"
        titleOf={(entry) => PLUGINS[text(entry, "kind")]?.word ?? text(entry, "kind")}
        lineOf={(entry) => PLUGINS[text(entry, "kind")]?.help ?? ""}
      >
        {(entry, place) => <Fields path={["plugins", place]} fields={PLUGINS[text(entry, "kind")]?.fields ?? []} />}
      </OwnAndFile>
      <div className="form-row">
        {Object.entries(PLUGINS).map(([kind, { add }]) => (
          <AddButton key={kind} name="plugins" first={{ kind }} word={add} />
        ))}
      </div>
    </Section>
  );
}
