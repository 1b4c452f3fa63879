import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { createKey, keys as keysQuery } from "@/api/settings";
import { CopyButton } from "@/design/CopyButton";
import { typedList } from "@/formats/lists";
import { useProject } from "@/shell/project";
import type { Role } from "@/shell/useMay";
import { KeyRow } from "./KeyRow";
import { Outcome, Wait } from "./Wait";
import { Wide } from "./Wide";

const WINDOWS = ["minute", "hour", "day", "month", "total"] as const;
type Window = (typeof WINDOWS)[number];

const ROLES: ReadonlyArray<{ role: Role; help: string }> = [
  { role: "viewer", help: "reads runs and figures" },
  { role: "annotator", help: "also labels runs, tags them, and works through queues" },
  { role: "editor", help: "also sends, imports, diagnoses and deletes runs, and calls models: what a program needs" },
  { role: "owner", help: "also makes keys, and changes settings" },
];

/** The project's keys. A secret is shown once, when its key is made. */
export function KeysPart(): ReactNode {
  const asked = useQuery(keysQuery(useProject()));
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <>
      <MakeKey onMade={setSecret} />
      {secret ? (
        <section className="panel form secret" aria-labelledby="secret-title">
          <h2 id="secret-title">The new key</h2>
          <p role="status">This is the only time that it is shown. Copy it now.</p>
          <div className="form-row">
            <code className="secret-text">{secret}</code>
            <CopyButton text={secret} label="Copy the key" />
          </div>
          <button type="button" className="button" onClick={() => setSecret(null)}>
            I have it
          </button>
        </section>
      ) : null}
      <Wait asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="quiet">This project has no keys yet.</p>
          ) : (
            <Wide label="Keys">
              <table className="ledger">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Role</th>
                    <th scope="col">Begins with</th>
                    <th scope="col">Models, budget</th>
                    <th scope="col">Made</th>
                    <th scope="col">Last used</th>
                    <th scope="col">State</th>
                    <th scope="col">
                      <span className="sr-only">Revoke</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((key) => (
                    <KeyRow key={key.id} item={key} />
                  ))}
                </tbody>
              </table>
            </Wide>
          )
        }
      </Wait>
    </>
  );
}

function MakeKey({ onMade }: { onMade: (secret: string) => void }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const [days, setDays] = useState("");
  const [models, setModels] = useState("");
  const [amount, setAmount] = useState("");
  const [per, setPer] = useState<Window>("day");
  const mayCall = role === "editor" || role === "owner";
  const making = useMutation({
    mutationFn: () =>
      createKey(project, {
        name: name.trim(),
        role,
        expires_in_days: days === "" ? null : Number(days),
        models: typedList(models),
        limits: amount === "" ? [] : [{ window: per, cost_usd: amount }],
      }),
    onSuccess: async (made) => {
      onMade(made.secret);
      setName("");
      await queryClient.invalidateQueries({ queryKey: [project, "keys"] });
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    making.mutate();
  }
  return (
    <form className="panel form" onSubmit={submit} aria-labelledby="make-key-title">
      <h2 id="make-key-title">Make a key</h2>
      <div className="form-row form-grid">
        <label>
          Name
          <input
            className="field"
            placeholder="CI, or a person"
            required
            maxLength={200}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label>
          Role
          <select
            className="field"
            value={role}
            onChange={(event) => setRole(ROLES.find((each) => each.role === event.target.value)?.role ?? "viewer")}
          >
            {ROLES.map((each) => (
              <option key={each.role}>{each.role}</option>
            ))}
          </select>
        </label>
        <label>
          Days until it ends
          <input
            className="field"
            type="number"
            min={1}
            max={36500}
            placeholder="never"
            value={days}
            onChange={(event) => setDays(event.target.value)}
          />
        </label>
      </div>
      {mayCall ? (
        <div className="form-row form-grid">
          <label>
            Models it may use
            <input
              className="field"
              placeholder="all; or best, gpt-*"
              autoComplete="off"
              spellCheck={false}
              value={models}
              onChange={(event) => setModels(event.target.value)}
            />
          </label>
          <label>
            Budget in US dollars
            <input
              className="field"
              type="number"
              min={0}
              step="any"
              placeholder="any amount"
              value={amount}
              onChange={(event) => setAmount(event.target.value)}
            />
          </label>
          <label>
            Within
            <select
              className="field"
              value={per}
              onChange={(event) => setPer(WINDOWS.find((each) => each === event.target.value) ?? "day")}
            >
              {WINDOWS.map((each) => (
                <option key={each} value={each}>
                  {each === "total" ? "all time" : `a ${each}`}
                </option>
              ))}
            </select>
          </label>
        </div>
      ) : null}
      <p className="quiet">
        {role}: {ROLES.find((each) => each.role === role)?.help}.
      </p>
      <div className="form-row">
        <button type="submit" className="button button-primary" disabled={name.trim() === "" || making.isPending}>
          Make the key
        </button>
        <Outcome error={making.error} done={null} />
      </div>
    </form>
  );
}
