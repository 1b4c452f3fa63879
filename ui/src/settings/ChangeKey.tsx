import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { changeKey } from "@/api/settings";
import type { Keys } from "@/api/types";
import { typedList } from "@/formats/lists";
import { useProject } from "@/shell/project";
import { LimitRows, ModelsField } from "./LimitRows";
import { limitsOf, rowsOf } from "./limits";
import { Outcome } from "./Wait";

const DAY_S = 86_400;

/** What a key may use from now on. Its secret stays, and what it has used counts on. */
export function ChangeKey({ item, onDone }: { item: Keys["items"][number]; onDone: () => void }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [models, setModels] = useState(item.models.join(", "));
  const [rows, setRows] = useState(() => rowsOf(item.limits));
  const [days, setDays] = useState("");
  const [isEndless, setIsEndless] = useState(false);
  const changing = useMutation({
    mutationFn: () =>
      changeKey(project, item.id, {
        models: typedList(models),
        limits: limitsOf(rows),
        ...(isEndless ? { expires_in_s: null } : days === "" ? {} : { expires_in_s: Number(days) * DAY_S }),
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: [project] });
      onDone();
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    changing.mutate();
  }
  return (
    <form className="form key-change" onSubmit={submit} aria-label={`Change ${item.name}`}>
      <div className="form-row form-grid">
        <ModelsField value={models} onChange={setModels} />
        <label>
          Days from now until it ends
          <input
            className="field"
            type="number"
            min={1}
            max={36500}
            placeholder={item.expires ? "as it is" : "never"}
            disabled={isEndless}
            value={days}
            onChange={(event) => setDays(event.target.value)}
          />
        </label>
      </div>
      {item.expires ? (
        <label className="check">
          <input type="checkbox" checked={isEndless} onChange={(event) => setIsEndless(event.target.checked)} />
          It never ends
        </label>
      ) : null}
      <LimitRows rows={rows} onChange={setRows} />
      <div className="form-row">
        <button type="submit" className="button button-primary" disabled={changing.isPending}>
          Change the key
        </button>
        <button type="button" className="button" onClick={onDone}>
          Cancel
        </button>
        <span className="quiet">Its secret stays; what it has used counts on.</span>
        {changing.error ? <Outcome error={changing.error} done={null} /> : null}
      </div>
    </form>
  );
}
