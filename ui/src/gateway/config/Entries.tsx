import { type ReactNode, useState } from "react";
import { Icon } from "@/design/icons";
import { faultsAt, type Path } from "./document";
import { useDraft } from "./Fields";

type Props = {
  /** What it is called, and a line that tells it from the others. */
  name: string;
  line: ReactNode;
  path: Path;
  isFromFile?: boolean;
  isOpen?: boolean;
  onRemove?: () => void;
  onMove?: ((step: -1 | 1) => void) | undefined;
  more?: ReactNode;
  below?: ReactNode;
  children?: ReactNode;
};

/** One entry of a list: a line to read, and its form behind it. What the file says can be read only. */
export function Entry({
  name,
  line,
  path,
  isFromFile,
  isOpen,
  onRemove,
  onMove,
  more,
  below,
  children,
}: Props): ReactNode {
  const { faults, warnings } = useDraft();
  const [isShown, setIsShown] = useState(isOpen ?? false);
  const wrong = isFromFile ? [] : faultsAt(faults, path, true);
  const own = isFromFile ? [] : [...faultsAt(faults, path), ...faultsAt(warnings, path)];
  return (
    <li className="panel config-entry">
      <div className="config-entry-head">
        <strong className="truncate">{name}</strong>
        <span className="quiet config-line">{line}</span>
        {wrong.length > 0 ? <span className="badge bad">needs a look</span> : null}
        <span className="config-tools">
          {isFromFile ? <span className="badge">from gateway.toml</span> : null}
          {more}
          {onMove ? (
            <>
              <button type="button" className="copy" aria-label={`Move ${name} up`} onClick={() => onMove(-1)}>
                <Icon name="up" size={14} />
              </button>
              <button type="button" className="copy" aria-label={`Move ${name} down`} onClick={() => onMove(1)}>
                <Icon name="down" size={14} />
              </button>
            </>
          ) : null}
          {children && !isFromFile ? (
            <button
              type="button"
              className="button button-ghost"
              aria-expanded={isShown}
              aria-label={`${isShown ? "Close" : "Edit"} ${name}`}
              onClick={() => setIsShown(!isShown)}
            >
              {isShown ? "Close" : "Edit"}
            </button>
          ) : null}
          {onRemove ? (
            <button type="button" className="button button-ghost" aria-label={`Remove ${name}`} onClick={onRemove}>
              Remove
            </button>
          ) : null}
        </span>
      </div>
      {own.map((message) => (
        <p key={message} className="tone-bad">
          {message}
        </p>
      ))}
      {below}
      {isShown && !isFromFile ? <div className="config-form">{children}</div> : null}
    </li>
  );
}

/** A part of the configuration with its list. */
export function Section(props: { title: string; help: ReactNode; children: ReactNode }): ReactNode {
  return (
    <section className="config-section" aria-label={props.title}>
      <h2>{props.title}</h2>
      <p className="quiet">{props.help}</p>
      {props.children}
    </section>
  );
}
