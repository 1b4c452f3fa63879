import type { ReactNode } from "react";
import { Icon } from "@/design/icons";
import { EMPTY, KINDS, type Kind, type LimitRow, WINDOWS, within } from "./limits";

type Props = { rows: readonly LimitRow[]; onChange: (rows: LimitRow[]) => void };

/** What a key may use up: amounts of money, requests or tokens, each in a window of time. */
export function LimitRows({ rows, onChange }: Props): ReactNode {
  const change = (at: number, part: Partial<LimitRow>) =>
    onChange(rows.map((row, place) => (place === at ? { ...row, ...part } : row)));
  return (
    <fieldset className="patterns">
      <legend>Limits</legend>
      {rows.map((row, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row has no identity but its place while it is written.
        <div key={at} className="form-row key-limit">
          <input
            className="field"
            type="number"
            aria-label={`Amount of limit ${at + 1}`}
            min={row.kind === "cost_usd" ? 0 : 1}
            step={row.kind === "cost_usd" ? "any" : 1}
            placeholder="any amount"
            value={row.amount}
            onChange={(event) => change(at, { amount: event.target.value })}
          />
          <select
            className="field"
            aria-label={`What limit ${at + 1} counts`}
            value={row.kind}
            onChange={(event) => change(at, { kind: event.target.value as Kind })}
          >
            {Object.entries(KINDS).map(([kind, word]) => (
              <option key={kind} value={kind}>
                {word}
              </option>
            ))}
          </select>
          <select
            className="field"
            aria-label={`Window of limit ${at + 1}`}
            value={row.window}
            onChange={(event) => change(at, { window: WINDOWS.find((each) => each === event.target.value) ?? "day" })}
          >
            {WINDOWS.map((each) => (
              <option key={each} value={each}>
                {within(each)}
              </option>
            ))}
          </select>
          <button
            type="button"
            className="copy"
            aria-label={`Remove limit ${at + 1}`}
            onClick={() => onChange(rows.filter((_, place) => place !== at))}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
      <button type="button" className="button" onClick={() => onChange([...rows, EMPTY])}>
        Add a limit
      </button>
    </fieldset>
  );
}

/** Which models a key may name, with commas between them. */
export function ModelsField({ value, onChange }: { value: string; onChange: (value: string) => void }): ReactNode {
  return (
    <label>
      Models it may use
      <input
        className="field"
        placeholder="all; or best, gpt-*"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}
