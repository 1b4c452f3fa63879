import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { secrets as secretsQuery, tryConnection, vendors } from "@/api/configuration";
import { useProject } from "@/shell/project";
import { AddConnection } from "./AddConnection";
import { at, type Document, faultsAt, objectOf, put, shown } from "./document";
import { Entry, Section } from "./Entries";
import { Fields, useDraft } from "./Fields";
import { CONNECTION } from "./fields";
import { Tried } from "./Tried";

/** Providers: whose models the gateway can reach, and with which key. */
export function ConnectionsPart(): ReactNode {
  const { document, file, change } = useDraft();
  const own = objectOf(document, ["connections"]);
  const above = objectOf(file, ["connections"]);
  const [isAdding, setIsAdding] = useState(false);
  const isEmpty = Object.keys(own).length + Object.keys(above).length === 0;
  return (
    <Section
      title="Connections"
      help="Whose models this project's programs can reach. A model goes to the connection that names it, or as CONNECTION/MODEL."
    >
      {isEmpty && !isAdding ? (
        <p className="panel try-empty">No connection yet: add the first, and try a model.</p>
      ) : null}
      <ul className="config-entries">
        {Object.keys(above)
          .filter((name) => !Object.hasOwn(own, name))
          .map((name) => (
            <Row key={name} name={name} connection={objectOf(above, [name])} isFromFile />
          ))}
        {Object.keys(own).map((name) => (
          <Row
            key={name}
            name={name}
            connection={objectOf(own, [name])}
            onRemove={() => change(put(document, ["connections", name], undefined))}
          />
        ))}
      </ul>
      {isAdding ? (
        <AddConnection onDone={() => setIsAdding(false)} />
      ) : (
        <button type="button" className="button config-add" onClick={() => setIsAdding(true)}>
          Add a connection
        </button>
      )}
    </Section>
  );
}

type RowProps = { name: string; connection: Document; isFromFile?: boolean; onRemove?: () => void };

function Row({ name, connection, isFromFile = false, onRemove }: RowProps): ReactNode {
  const project = useProject();
  const { file } = useDraft();
  const rows = useQuery(vendors()).data?.items ?? [];
  const provider = shown(connection.provider ?? "openai");
  const vendor = rows.find((each) => each.id === provider);
  const models = Array.isArray(connection.models) ? connection.models.map(String) : [];
  const trying = useMutation({
    mutationFn: () =>
      tryConnection(project, { name, connection: isFromFile ? null : connection, key: null, model: models[0] ?? null }),
  });
  const hides = !isFromFile && at(file, ["connections", name]) !== undefined;
  const line = [
    vendor?.name ?? provider,
    connection.base_url ? shown(connection.base_url) : null,
    models.length > 0 ? models.join(", ") : "any model",
    hides ? "in the stead of the one in gateway.toml" : null,
  ].filter(Boolean);
  return (
    <Entry
      name={name}
      line={line.join(" · ")}
      path={["connections", name]}
      isFromFile={isFromFile}
      {...(onRemove ? { onRemove } : {})}
      more={
        <button
          type="button"
          className="button button-ghost"
          aria-label={`Test ${name}`}
          disabled={trying.isPending}
          onClick={() => trying.mutate()}
        >
          {trying.isPending ? "Asking…" : "Test"}
        </button>
      }
      below={<Tried tried={trying.data} error={trying.error} />}
    >
      <ProviderAndKey name={name} connection={connection} />
      <Fields path={["connections", name]} fields={CONNECTION} />
    </Entry>
  );
}

function ProviderAndKey({ name, connection }: { name: string; connection: Document }): ReactNode {
  const project = useProject();
  const { document, change, faults, warnings } = useDraft();
  const rows = useQuery(vendors()).data?.items ?? [];
  const kept = useQuery(secretsQuery(project)).data?.items ?? [];
  const secret = typeof connection.secret === "string" ? connection.secret.replace(/^stored:/, "") : "";
  const place = ["connections", name, "secret"];
  const provider = shown(connection.provider ?? "openai");
  return (
    <div className="config-fields">
      <label className="config-field">
        Provider
        <select
          className="field"
          value={provider}
          onChange={(event) => change(put(document, ["connections", name, "provider"], event.target.value))}
        >
          {rows.some((each) => each.id === provider) ? null : <option>{provider}</option>}
          {rows.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name}
            </option>
          ))}
        </select>
      </label>
      <label className="config-field">
        Secret
        <select
          className="field"
          value={secret}
          onChange={(event) =>
            change(put(document, place, event.target.value === "" ? undefined : `stored:${event.target.value}`))
          }
        >
          <option value="">none</option>
          {secret !== "" && !kept.some((each) => each.name === secret) ? <option>{secret}</option> : null}
          {kept.map((each) => (
            <option key={each.name}>{each.name}</option>
          ))}
        </select>
        <span className="config-notes">
          <span className="quiet">Replace its value under Secrets.</span>
          {faultsAt(faults, place).map((message) => (
            <span key={message} className="tone-bad">
              {message}
            </span>
          ))}
          {faultsAt(warnings, place).map((message) => (
            <span key={message} className="tone-warn">
              {message}
            </span>
          ))}
        </span>
      </label>
    </div>
  );
}
