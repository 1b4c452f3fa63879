import { type ReactNode, useId } from "react";
import { useEver } from "@/design/useEver";
import { EFFORTS, type Settings } from "./desk";
import type { Faults } from "./request";

type Props = {
  settings: Settings;
  faults: Faults;
  /** Whether the model can think first; null where that is not known. */
  hasEffort: boolean | null;
  onChange: (change: Partial<Settings>) => void;
};

/** How a model is to answer. What is left empty is the provider's choice. */
export function SettingsEditor({ settings, faults, hasEffort, onChange }: Props): ReactNode {
  const wasSet = useEver(Object.values(settings).some((value) => value !== ""));
  return (
    <details className="try-extra" open={wasSet || undefined}>
      <summary>Settings</summary>
      <div className="try-settings">
        <Small
          label="Temperature"
          text={settings.temperature}
          fault={faults.temperature}
          onChange={(temperature) => onChange({ temperature })}
        />
        <Small
          label="Max tokens"
          text={settings.limit}
          fault={faults.limit}
          onChange={(limit) => onChange({ limit })}
        />
        <Small label="Seed" text={settings.seed} fault={faults.seed} onChange={(seed) => onChange({ seed })} />
        {hasEffort === false && settings.effort === "" ? null : (
          <label>
            Reasoning effort
            <select
              className="field"
              value={settings.effort}
              onChange={(event) => onChange({ effort: event.target.value })}
            >
              {EFFORTS.map((effort) => (
                <option key={effort} value={effort}>
                  {effort === "" ? "as the model has it" : effort}
                </option>
              ))}
            </select>
          </label>
        )}
        <Small
          label="Anything else, as JSON"
          text={settings.more}
          fault={faults.more}
          placeholder='{"top_p": 0.9}'
          onChange={(more) => onChange({ more })}
        />
      </div>
    </details>
  );
}

type SmallProps = {
  label: string;
  text: string;
  fault: string | undefined;
  placeholder?: string;
  onChange: (text: string) => void;
};

function Small({ label, text, fault, placeholder = "default", onChange }: SmallProps): ReactNode {
  const id = useId();
  return (
    <label>
      {label}
      <input
        className="field"
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : id}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      {fault === undefined ? null : (
        <span id={id} className="tone-bad field-fault">
          {fault}
        </span>
      )}
    </label>
  );
}
