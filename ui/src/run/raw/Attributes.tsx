import type { ReactNode } from "react";
import { Fold } from "@/text/Fold";
import { Marked, MarkText } from "@/text/Marked";
import { Plain } from "@/text/Plain";

type Props = { title: string; note?: string; values: Record<string, unknown>; wanted: string };

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Attributes by name, those that match what is looked for. */
export function Attributes({ title, note, values, wanted }: Props): ReactNode {
  const needle = wanted.trim().toLowerCase();
  const entries = Object.entries(values)
    .map(([key, value]): [string, string] => [key, textOf(value)])
    .filter(([key, text]) => needle === "" || `${key}\n${text}`.toLowerCase().includes(needle))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return null;
  return (
    <MarkText value={wanted.trim()}>
      <h3 className="attributes-title">
        {title} {note ? <span className="quiet">{note}</span> : null}
      </h3>
      <dl className="attributes">
        {entries.map(([key, text]) => (
          <div key={key}>
            <dt>
              <code>
                <Marked text={key} />
              </code>
            </dt>
            <dd>
              <Fold text={text} isOpen={false}>
                {(part) => <Plain text={part} />}
              </Fold>
            </dd>
          </div>
        ))}
      </dl>
    </MarkText>
  );
}
