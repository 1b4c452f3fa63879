import type { ReactNode } from "react";
import type { GroupKey } from "@/api/schema";

const MOST_SHOWN = 5;
const LABELS: Record<string, string> = {
  system: "System",
  model: "Model",
  agent: "Agent",
  tag: "Tag",
  task: "Task",
  ending: "Ending",
  outcome: "Outcome",
  day: "Day",
};

export function labelOf(key: string): string {
  return LABELS[key] ?? key;
}

type Props = {
  label: string;
  keys: readonly GroupKey[];
  value: string;
  none?: string;
  onChange: (key: string) => void;
};

/** By what to group: the keys that these runs have, those that tell them apart first. */
export function KeyPicker({ label, keys, value, none, onChange }: Props): ReactNode {
  const useful = keys.filter((key) => key.values > 1);
  const others = keys.filter((key) => key.values <= 1);
  const isKnown = keys.some((key) => key.key === value) || (none !== undefined && value === "");
  const shown = [...useful, ...others];
  if (none === undefined && shown.length <= MOST_SHOWN && isKnown)
    return (
      <fieldset className="range">
        <legend className="sr-only">{label}</legend>
        <div className="segmented">
          {shown.map(({ key }) => (
            <button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>
              {labelOf(key)}
            </button>
          ))}
        </div>
      </fieldset>
    );
  return (
    <label className="picker">
      {label}
      <select className="field" value={value} onChange={(event) => onChange(event.target.value)}>
        {none === undefined ? null : <option value="">{none}</option>}
        {isKnown ? null : <option value={value}>{labelOf(value)}</option>}
        {shown.map(({ key, values }) => (
          <option key={key} value={key}>
            {labelOf(key)} ({values})
          </option>
        ))}
      </select>
    </label>
  );
}
