import { type ReactNode, useState } from "react";
import { Icon } from "@/design/icons";
import { isObject, type Json } from "./document";

type Props = {
  sides: readonly [string, string];
  value: Json | undefined;
  set: (value: Json | undefined) => void;
};

/** Texts by name, a row each. A row without a name stays on the page and out of the document. */
export function Pairs({ sides: [left, right], value, set }: Props): ReactNode {
  const stored = Object.entries(isObject(value) ? value : {}).map(([name, each]) => [name, String(each)] as const);
  const [typed, setTyped] = useState<ReadonlyArray<readonly [string, string]> | null>(null);
  const rows = typed ?? stored;
  const change = (next: ReadonlyArray<readonly [string, string]>) => {
    setTyped(next);
    const named = next.filter(([name]) => name.trim() !== "").map(([name, text]) => [name.trim(), text] as const);
    set(named.length === 0 ? undefined : Object.fromEntries(named));
  };
  return (
    <>
      {rows.map(([name, text], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row has no identity but its place while it is written.
        <div key={at} className="config-pair">
          <input
            className="field"
            aria-label={`${left} ${at + 1}`}
            placeholder={left}
            autoComplete="off"
            spellCheck={false}
            value={name}
            onChange={(event) => change(rows.with(at, [event.target.value, text]))}
          />
          <input
            className="field"
            aria-label={`${right} ${at + 1}`}
            placeholder={right}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => change(rows.with(at, [name, event.target.value]))}
          />
          <button
            type="button"
            className="copy"
            aria-label={`Remove ${name || `row ${at + 1}`}`}
            onClick={() => change(rows.filter((_, place) => place !== at))}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
      <button type="button" className="button config-add" onClick={() => setTyped([...rows, ["", ""]])}>
        Add
      </button>
    </>
  );
}
