import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { deleteSecret, saveSecret, secrets as secretsQuery } from "@/api/configuration";
import type { Secret } from "@/api/schema";
import { ago, moment } from "@/formats/time";
import { Outcome, Wait } from "@/settings/Wait";
import { useProject } from "@/shell/project";
import { objectOf } from "./document";
import { Section } from "./Entries";
import { useDraft } from "./Fields";

/** The keys of providers. They go in here and never come out again. */
export function SecretsPart(): ReactNode {
  const asked = useQuery(secretsQuery(useProject()));
  return (
    <Section
      title="Secrets"
      help="Keys of providers, encrypted. They can be replaced and deleted, never read. Changes here hold at once, without saving."
    >
      <SecretForm />
      <Wait asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="quiet">No secret is stored yet. One is made with each connection that is added with a key.</p>
          ) : (
            <ul className="config-entries">
              {items.map((secret) => (
                <SecretRow key={secret.name} secret={secret} />
              ))}
            </ul>
          )
        }
      </Wait>
    </Section>
  );
}

function SecretRow({ secret }: { secret: Secret }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const { effective } = useDraft();
  const [doing, setDoing] = useState<"replace" | "delete" | null>(null);
  const removal = useMutation({
    mutationFn: () => deleteSecret(project, secret.name),
    onSettled: () => queryClient.invalidateQueries({ queryKey: [project] }),
  });
  const users = Object.entries(objectOf(effective, ["connections"]))
    .filter(([, connection]) => JSON.stringify(connection).includes(`"stored:${secret.name}"`))
    .map(([name]) => name);
  return (
    <li className="panel config-entry">
      <div className="config-entry-head">
        <strong className="truncate">{secret.name}</strong>
        <span className="quiet config-line" title={moment(secret.updated)}>
          stored {ago(secret.updated, Date.now())} by {secret.updated_by};{" "}
          {secret.last_used ? `used ${ago(secret.last_used, Date.now())}` : "not used yet"};{" "}
          {users.length > 0 ? `for ${users.join(", ")}` : "no connection names it"}
        </span>
        <span className="config-tools">
          <button
            type="button"
            className="button button-ghost"
            aria-label={`Replace ${secret.name}`}
            aria-expanded={doing === "replace"}
            onClick={() => setDoing(doing === "replace" ? null : "replace")}
          >
            Replace
          </button>
          <button
            type="button"
            className="button button-ghost"
            aria-label={`Delete ${secret.name}`}
            onClick={() => setDoing("delete")}
          >
            Delete
          </button>
        </span>
      </div>
      {doing === "replace" ? <SecretForm name={secret.name} onDone={() => setDoing(null)} /> : null}
      {doing === "delete" ? (
        <div className="form-row">
          <p>{users.length > 0 ? `Calls to ${users.join(", ")} will fail.` : "Nothing uses it."}</p>
          <button
            type="button"
            className="button button-danger"
            disabled={removal.isPending}
            onClick={() => removal.mutate()}
          >
            Delete for good
          </button>
          <button type="button" className="button" onClick={() => setDoing(null)}>
            Keep
          </button>
        </div>
      ) : null}
      {removal.error ? <Outcome error={removal.error} done={null} /> : null}
    </li>
  );
}

function SecretForm({ name: given, onDone }: { name?: string; onDone?: () => void }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const saving = useMutation({
    mutationFn: () => saveSecret(project, given ?? name.trim(), value.trim()),
    onSuccess: async () => {
      setName("");
      setValue("");
      await queryClient.invalidateQueries({ queryKey: [project] });
      onDone?.();
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    saving.mutate();
  }
  return (
    <form className="form-row" onSubmit={submit} aria-label={given ? `Replace ${given}` : "Store a secret"}>
      {given ? null : (
        <input
          className="field"
          aria-label="Name of the secret"
          placeholder="name, such as openai"
          required
          pattern="[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}"
          title="Letters, digits, dots and dashes"
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      <input
        className="field"
        type="password"
        aria-label={given ? `New value of ${given}` : "Value of the secret"}
        placeholder={given ? "the new value" : "its value"}
        required
        autoComplete="off"
        value={value}
        onChange={(event) => setValue(event.target.value)}
      />
      <button type="submit" className="button" disabled={saving.isPending}>
        {given ? "Replace it" : "Store"}
      </button>
      <Outcome error={saving.error} done={saving.isSuccess ? "Stored" : null} />
    </form>
  );
}
