import { type ChangeEvent, type ReactNode, useState } from "react";
import { Icon } from "@/design/icons";
import { useEver } from "@/design/useEver";
import { at, type Document, entriesOf, faultsAt, isObject, type Json, moved, put, shown } from "./document";
import { Entry, Section } from "./Entries";
import { Fields, useConnections, useDraft } from "./Fields";
import { RETRY, ROUTE, ROUTE_BUDGET, ROUTE_GUARDS, SHADOW, TARGET_TIMES } from "./fields";

/** Names of the project's own for models: where their calls go, and where else when that fails. */
export function RoutesPart(): ReactNode {
  const { document, file, change } = useDraft();
  const own = entriesOf(document, ["routes"]);
  const named = new Set(own.map((route) => at(route, ["model"])));
  const connections = useConnections();
  const [count, setCount] = useState(own.length);
  const add = () => {
    setCount(own.length);
    change(put(document, ["routes"], [...own, { model: "", targets: [{ connection: connections[0] ?? "" }] }]));
  };
  return (
    <Section
      title="Routes"
      help="A name that programs use as their model, and the targets behind it. Where one fails, the next is tried, and the run shows it."
    >
      <ol className="config-entries">
        {entriesOf(file, ["routes"])
          .filter((route) => !named.has(at(route, ["model"]) ?? ""))
          .map((route) => (
            <Entry key={titleOf(route)} name={titleOf(route)} line={lineOf(route)} path={["file"]} isFromFile />
          ))}
        {own.map((route, place) => (
          <Entry
            // biome-ignore lint/suspicious/noArrayIndexKey: a route has no identity but its place while it is written.
            key={`${place}-${own.length}`}
            name={titleOf(route)}
            line={lineOf(route)}
            path={["routes", place]}
            isOpen={place >= count}
            onRemove={() => change(put(document, ["routes", place], undefined))}
          >
            <Fields path={["routes", place]} fields={ROUTE} />
            <Targets place={place} connections={connections} isWeighted={at(route, ["pick"]) === "weight"} />
            <Fields path={["routes", place, "retry"]} fields={RETRY} rare="When a target fails" />
            <Fields path={["routes", place, "shadow"]} fields={SHADOW} rare="Copy calls to a shadow target" />
            <Fields path={["routes", place, "guards"]} fields={ROUTE_GUARDS} rare="Guards of its own" />
            <Fields path={["routes", place, "guards", "run"]} fields={ROUTE_BUDGET} rare="Budgets of its runs" />
          </Entry>
        ))}
      </ol>
      <button type="button" className="button config-add" onClick={add}>
        Add a route
      </button>
    </Section>
  );
}

function titleOf(route: Json): string {
  const model = at(route, ["model"]);
  return typeof model === "string" && model !== "" ? model : "No name yet";
}

function lineOf(route: Json): string {
  const targets = entriesOf(route, ["targets"]).map((target) => {
    const model = at(target, ["model"]);
    const weight = at(target, ["weight"]);
    const share = at(route, ["pick"]) === "weight" ? ` (${weight === undefined ? 1 : shown(weight)})` : "";
    const variant = at(target, ["variant"]);
    const named = variant ? ` ${shown(variant)}` : "";
    return `${shown(at(target, ["connection"]))}${model ? `/${shown(model)}` : ""}${named}${share}`;
  });
  const joint = { weight: " or ", latency: " or ", price: " or " }[String(at(route, ["pick"]))] ?? ", then ";
  return targets.join(joint) || "no target yet";
}

type TargetsProps = { place: number; connections: readonly string[]; isWeighted: boolean };

function Targets({ place, connections, isWeighted }: TargetsProps): ReactNode {
  const { document, change } = useDraft();
  const path = ["routes", place, "targets"] as const;
  const targets = entriesOf(document, path);
  const set = (next: Json[]) => change(put(document, path, next));
  return (
    <fieldset className="config-targets">
      <legend>Targets</legend>
      {targets.map((target, at_) => (
        <Target
          // biome-ignore lint/suspicious/noArrayIndexKey: a target has no identity but its place.
          key={at_}
          number={at_ + 1}
          path={[...path, at_]}
          target={isObject(target) ? target : {}}
          connections={connections}
          isWeighted={isWeighted}
          onMove={targets.length > 1 ? (step) => set(moved(targets, at_, step)) : null}
          onRemove={targets.length > 1 ? () => set(targets.filter((_, other) => other !== at_)) : null}
        />
      ))}
      <button
        type="button"
        className="button config-add"
        onClick={() => set([...targets, { connection: connections[0] ?? "" }])}
      >
        Add a target
      </button>
    </fieldset>
  );
}

type TargetProps = {
  number: number;
  path: ReadonlyArray<string | number>;
  target: Document;
  connections: readonly string[];
  isWeighted: boolean;
  onMove: ((step: -1 | 1) => void) | null;
  onRemove: (() => void) | null;
};

function Target({ number, path, target, connections, isWeighted, onMove, onRemove }: TargetProps): ReactNode {
  const { document, faults, change } = useDraft();
  const set = (name: string, value: Json | undefined) => change(put(document, [...path, name], value));
  const connection = typeof target.connection === "string" ? target.connection : "";
  const text = (name: string) => (target[name] === undefined || target[name] === null ? "" : String(target[name]));
  return (
    <div className="config-target">
      <span className="quiet num">{number}</span>
      <select
        className="field"
        aria-label={`Connection of target ${number}`}
        value={connection}
        onChange={(event) => set("connection", event.target.value)}
      >
        {connections.includes(connection) ? null : <option value={connection}>{connection || "choose"}</option>}
        {connections.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      <input
        className="field"
        aria-label={`Model of target ${number}`}
        placeholder="model, as the provider names it"
        spellCheck={false}
        value={text("model")}
        onChange={(event) => set("model", event.target.value === "" ? undefined : event.target.value)}
      />
      {isWeighted ? (
        <input
          className="field config-weight"
          type="number"
          min={0}
          step="any"
          aria-label={`Weight of target ${number}`}
          placeholder="1"
          value={text("weight")}
          onChange={(event) => set("weight", event.target.value === "" ? undefined : Number(event.target.value))}
        />
      ) : null}
      <input
        className="field"
        aria-label={`Only where, of target ${number}`}
        placeholder='only where, such as agent == "researcher"'
        spellCheck={false}
        value={text("when")}
        onChange={(event) => set("when", event.target.value === "" ? undefined : event.target.value)}
      />
      <span className="config-tools">
        {onMove ? (
          <>
            <button type="button" className="copy" aria-label={`Move target ${number} up`} onClick={() => onMove(-1)}>
              <Icon name="up" size={14} />
            </button>
            <button type="button" className="copy" aria-label={`Move target ${number} down`} onClick={() => onMove(1)}>
              <Icon name="down" size={14} />
            </button>
          </>
        ) : null}
        {onRemove ? (
          <button type="button" className="copy" aria-label={`Remove target ${number}`} onClick={onRemove}>
            <Icon name="close" size={14} />
          </button>
        ) : null}
      </span>
      <Trial number={number} path={path} target={target} text={text} set={set} />
      {faultsAt(faults, path, true).map((message) => (
        <p key={message} className="tone-bad config-wide">
          {message}
        </p>
      ))}
    </div>
  );
}

type TrialProps = Pick<TargetProps, "number" | "path" | "target"> & {
  text: (name: string) => string;
  set: (name: string, value: Json | undefined) => void;
};

/** What a target has of its own: a name and a prompt, for experiments, and how long its answers may take. */
function Trial({ number, path, target, text, set }: TrialProps): ReactNode {
  const wasSet = useEver(
    ["variant", "system", ...TARGET_TIMES.map((field) => field.name)].some((name) => target[name] != null),
  );
  const given = (name: string) => ({
    value: text(name),
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) =>
      set(name, event.target.value || undefined),
  });
  return (
    <details className="try-extra config-wide" open={wasSet || undefined}>
      <summary>Prompt on trial, times</summary>
      <div className="config-target">
        <input
          className="field"
          aria-label={`Variant of target ${number}`}
          placeholder="variant, a tag of its runs"
          spellCheck={false}
          {...given("variant")}
        />
        <textarea
          className="field config-prompt"
          aria-label={`System prompt of target ${number}`}
          placeholder="system prompt in place of the calls' own"
          rows={2}
          {...given("system")}
        />
      </div>
      <Fields path={path} fields={TARGET_TIMES} />
    </details>
  );
}
