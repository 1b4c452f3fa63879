import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { createKey } from "@/api/settings";
import { typedList } from "@/formats/lists";
import { useProject } from "@/shell/project";
import type { Role } from "@/shell/useMay";
import { LimitRows, ModelsField } from "./LimitRows";
import { EMPTY, type LimitRow, limitsOf } from "./limits";
import { Outcome } from "./Wait";

const ROLES: ReadonlyArray<{ role: Role; help: string }> = [
  { role: "viewer", help: "reads runs and figures" },
  { role: "annotator", help: "also labels runs, tags them, and works through queues" },
  { role: "editor", help: "also sends, imports, diagnoses and deletes runs, and calls models: what a program needs" },
  { role: "owner", help: "also makes keys, and changes settings" },
];

/** A new key's secret, and whether programs call models with it. */
export type Made = { secret: string; isForCalls: boolean };

/** A key with all that it may, in one step. */
export function MakeKey({ onMade }: { onMade: (made: Made) => void }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const [days, setDays] = useState("");
  const [models, setModels] = useState("");
  const [rows, setRows] = useState<LimitRow[]>([EMPTY]);
  const mayCall = role === "editor" || role === "owner";
  const making = useMutation({
    mutationFn: () =>
      createKey(project, {
        name: name.trim(),
        role,
        expires_in_days: days === "" ? null : Number(days),
        models: mayCall ? typedList(models) : [],
        limits: mayCall ? limitsOf(rows) : [],
      }),
    onSuccess: async (made) => {
      onMade({ secret: made.secret, isForCalls: mayCall });
      setName("");
      await queryClient.invalidateQueries({ queryKey: [project] });
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
        <>
          <div className="form-row form-grid">
            <ModelsField value={models} onChange={setModels} />
          </div>
          <LimitRows rows={rows} onChange={setRows} />
        </>
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
