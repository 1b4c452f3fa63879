import type { FormEvent, ReactNode } from "react";
import type { ModelVendor } from "@/api/schema";
import { Outcome } from "@/settings/Wait";
import { Tried } from "./Tried";
import { useNewConnection } from "./useNewConnection";

/** A connection in three fields: whose models, what it is called here, and the key. */
export function AddConnection({ onDone }: { onDone: () => void }): ReactNode {
  const { fields, rows, kept, isNameTaken, set, trying, isTried, adding } = useNewConnection(onDone);
  const { provider, name, key, secret, address, models } = fields;
  const row = rows.find((each) => each.id === provider);
  const takesKey = row?.needs_key !== false;
  function submit(event: FormEvent): void {
    event.preventDefault();
    adding.mutate();
  }
  return (
    <form className="panel form" onSubmit={submit} aria-labelledby="add-connection-title">
      <h3 id="add-connection-title">Add a connection</h3>
      <div className="form-row form-grid">
        <label>
          Provider
          <select
            className="field"
            value={provider}
            onChange={(event) => set({ provider: event.target.value, address: "" })}
          >
            {rows.map((each) => (
              <option key={each.id} value={each.id}>
                {each.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Name here
          <input
            className="field"
            required
            pattern="[a-z0-9][a-z0-9_.\-]{0,63}"
            title="Lower-case letters, digits, dots, dashes"
            autoComplete="off"
            spellCheck={false}
            value={name}
            onChange={(event) => set({ name: event.target.value })}
          />
        </label>
        {takesKey ? (
          <label>
            Key
            <input
              className="field"
              type="password"
              autoComplete="off"
              placeholder={row?.key_env ? `what ${row.key_env} holds` : "the provider's"}
              disabled={secret !== ""}
              value={key}
              onChange={(event) => set({ key: event.target.value })}
            />
          </label>
        ) : null}
        {takesKey && kept.length > 0 ? (
          <label>
            or a stored one
            <select className="field" value={secret} onChange={(event) => set({ secret: event.target.value })}>
              <option value="">no</option>
              {kept.map((each) => (
                <option key={each.name}>{each.name}</option>
              ))}
            </select>
          </label>
        ) : null}
      </div>
      {isAddressWanted(row) || address !== "" ? (
        <div className="form-row form-grid">
          <label>
            Address
            <input
              className="field"
              inputMode="url"
              required={isAddressNeeded(row)}
              placeholder={row?.base_url ?? "https://models.example.com/v1"}
              spellCheck={false}
              value={address}
              onChange={(event) => set({ address: event.target.value })}
            />
          </label>
          <label>
            Models
            <input
              className="field"
              placeholder="any"
              spellCheck={false}
              value={models}
              onChange={(event) => set({ models: event.target.value })}
            />
          </label>
        </div>
      ) : null}
      {isNameTaken ? <p className="tone-bad">There is a connection of this name already.</p> : null}
      <div className="form-row">
        <button type="submit" className="button button-primary" disabled={isNameTaken || adding.isPending}>
          Add
        </button>
        <button type="button" className="button" disabled={trying.isPending} onClick={() => trying.mutate()}>
          {trying.isPending ? "Asking…" : "Test"}
        </button>
        <button type="button" className="button button-ghost" onClick={onDone}>
          Cancel
        </button>
        {adding.error ? <Outcome error={adding.error} done={null} /> : null}
      </div>
      <p className="quiet">
        The key is stored encrypted and never shown again. Testing asks the provider for its models.
      </p>
      {isTried ? (
        <Tried tried={trying.data} error={trying.error} onTake={(found) => set({ models: found.join(", ") })} />
      ) : null}
    </form>
  );
}

/** Its own address is not known, or has names in it that have to be filled. */
function isAddressNeeded(row: ModelVendor | undefined): boolean {
  return row !== undefined && (row.base_url === null || row.base_url.includes("{"));
}

/** Also where it runs wherever people put it, as local servers do. */
function isAddressWanted(row: ModelVendor | undefined): boolean {
  return row !== undefined && (isAddressNeeded(row) || !row.needs_key);
}
