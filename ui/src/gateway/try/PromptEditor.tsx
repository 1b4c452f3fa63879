import { type ReactNode, useId } from "react";
import { Icon } from "@/design/icons";
import { useEver } from "@/design/useEver";
import { type Item, item, type Prompt, ROLES, type Role } from "./desk";
import type { Faults } from "./request";

type Props = { prompt: Prompt; faults: Faults; label: string; onChange: (change: Partial<Prompt>) => void };

/** What a model is asked: system prompt, messages, tools, and the form that the answer is to have. */
export function PromptEditor({ prompt, faults, label, onChange }: Props): ReactNode {
  const { items } = prompt;
  const id = useId();
  const change = (key: number, part: Partial<Item>) =>
    onChange({ items: items.map((each) => (each.key === key ? { ...each, ...part } : each)) });
  return (
    <section className="panel try-prompt" aria-label={label}>
      <div className="try-column">
        <label className="try-label" htmlFor={`${id}-system`}>
          System prompt
        </label>
        <textarea
          id={`${id}-system`}
          className="field try-text"
          rows={3}
          placeholder="None"
          value={prompt.system}
          onChange={(event) => onChange({ system: event.target.value })}
        />
        <Extra
          title="Tools"
          text={prompt.tools}
          fault={faults.tools}
          placeholder='[{"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]'
          onChange={(tools) => onChange({ tools })}
        />
        <Extra
          title="Answer as JSON of a schema"
          text={prompt.schema}
          fault={faults.schema}
          placeholder='{"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"], "additionalProperties": false}'
          onChange={(schema) => onChange({ schema })}
        />
      </div>
      <div className="try-column">
        <p className="try-label">Messages</p>
        <ol className="try-messages">
          {items.map((each, at) => (
            <li key={each.key}>
              <MessageRow
                item={each}
                number={at + 1}
                onChange={(part) => change(each.key, part)}
                onRemove={() => onChange({ items: items.filter(({ key }) => key !== each.key) })}
              />
            </li>
          ))}
        </ol>
        {faults.items === undefined ? null : (
          <p className="tone-bad field-fault" role="alert">
            {faults.items}
          </p>
        )}
        <div className="form-row">
          {(["user", "assistant"] as const).map((role) => (
            <button
              key={role}
              type="button"
              className="button"
              onClick={() => onChange({ items: [...items, item(role)] })}
            >
              Add {role} message
            </button>
          ))}
        </div>
      </div>
    </section>
  );
}

type RowProps = { item: Item; number: number; onChange: (part: Partial<Item>) => void; onRemove: () => void };

function MessageRow({ item: one, number, onChange, onRemove }: RowProps): ReactNode {
  return (
    <div className="try-message">
      <div className="try-message-head">
        {one.raw === null ? (
          <select
            className="field try-role"
            aria-label={`Role of message ${number}`}
            value={one.role}
            onChange={(event) => onChange({ role: event.target.value as Role })}
          >
            {ROLES.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        ) : (
          <span className="badge">{one.role}, as JSON</span>
        )}
        {one.raw === null && one.role === "tool" ? (
          <input
            className="field try-call"
            aria-label={`Tool call that message ${number} answers`}
            placeholder="id of the tool call"
            spellCheck={false}
            value={one.callId}
            onChange={(event) => onChange({ callId: event.target.value })}
          />
        ) : null}
        <button
          type="button"
          className="copy"
          aria-label={`Remove message ${number}`}
          title="Remove"
          onClick={onRemove}
        >
          <Icon name="close" size={14} />
        </button>
      </div>
      <textarea
        className={one.raw === null ? "field try-text" : "field try-text try-code"}
        aria-label={`Message ${number}`}
        rows={Math.min(12, Math.max(2, (one.raw ?? one.text).slice(0, 2000).split("\n").length))}
        spellCheck={one.raw === null}
        value={one.raw ?? one.text}
        onChange={(event) => onChange(one.raw === null ? { text: event.target.value } : { raw: event.target.value })}
      />
    </div>
  );
}

type ExtraProps = {
  title: string;
  text: string;
  fault: string | undefined;
  placeholder: string;
  onChange: (text: string) => void;
};

function Extra({ title, text, fault, placeholder, onChange }: ExtraProps): ReactNode {
  const id = useId();
  const wasSet = useEver(text !== "");
  return (
    <details className="try-extra" open={wasSet || undefined}>
      <summary>{title}</summary>
      <textarea
        className="field try-text try-code"
        aria-label={`${title}, as JSON`}
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : id}
        rows={6}
        spellCheck={false}
        placeholder={placeholder}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      {fault === undefined ? null : (
        <p id={id} className="tone-bad field-fault">
          {fault}
        </p>
      )}
    </details>
  );
}
