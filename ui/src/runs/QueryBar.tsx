import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, type Ref, useEffect, useId, useState } from "react";
import { facets, type RunsFilter } from "@/api/queries";
import { Icon } from "@/design/icons";
import { useProject } from "@/shell/project";
import { complete, type Suggestion, suggestions } from "./suggest";

/** Shorter than a thought, longer than the gap between two keys. */
const PAUSE_MS = 120;

type Props = {
  ref: Ref<HTMLInputElement>;
  value: string;
  problems: readonly string[];
  filter: RunsFilter;
  /** `isTyping`: more may come, so that no step is added to the browser's history. */
  onChange: (query: string, isTyping?: boolean) => void;
};

/** One line that filters the list and is the address. What is typed is asked after a short pause. */
export function QueryBar({ ref, value, problems, filter, onChange }: Props): ReactNode {
  const [draft, setDraft] = useState(value);
  const [isOpen, setIsOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const id = useId();
  const { text, ...narrow } = filter;
  const known = useQuery({ ...facets(useProject(), narrow), enabled: isOpen });
  const offered = isOpen ? suggestions(draft, known.data) : [];

  useEffect(() => setDraft(value), [value]);
  useEffect(() => {
    if (draft === value) return;
    const timer = setTimeout(() => onChange(draft, true), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [draft, value, onChange]);

  function take(suggestion: Suggestion): void {
    setDraft(complete(draft, suggestion));
    setActive(-1);
  }
  function walk(step: number): void {
    setActive((current) => (offered.length === 0 ? -1 : (current + step + offered.length) % offered.length));
  }
  function submit(): void {
    onChange(draft);
    setIsOpen(false);
  }
  function leave(input: HTMLInputElement): void {
    if (offered.length > 0) setIsOpen(false);
    else input.blur();
  }
  function onKeyDown(event: KeyboardEvent<HTMLInputElement>): void {
    const chosen = offered[active];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") walk(event.key === "ArrowDown" ? 1 : -1);
    else if (chosen && (event.key === "Enter" || event.key === "Tab")) take(chosen);
    else if (event.key === "Enter") submit();
    else if (event.key === "Escape") leave(event.currentTarget);
    else return;
    event.preventDefault();
  }

  return (
    <search className="query">
      <Icon name="search" />
      <input
        ref={ref}
        type="text"
        role="combobox"
        aria-label="Filter runs"
        aria-expanded={offered.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(active >= 0 ? { "aria-activedescendant": `${id}-${active}` } : {})}
        aria-invalid={problems.length > 0}
        placeholder="Filter: outcome:failure agent:Planner cost:>0.10 or any words that were said"
        spellCheck={false}
        autoComplete="off"
        value={draft}
        onChange={(event) => {
          setDraft(event.target.value);
          setIsOpen(true);
          setActive(-1);
        }}
        onFocus={() => setIsOpen(true)}
        onBlur={() => setIsOpen(false)}
        onKeyDown={onKeyDown}
      />
      {draft === "" ? (
        <kbd className="kbd">/</kbd>
      ) : (
        <button
          type="button"
          className="button button-ghost button-icon"
          aria-label="Clear the filter"
          onClick={() => onChange("")}
        >
          <Icon name="close" size={14} />
        </button>
      )}
      {problems.length > 0 ? (
        <p className="query-problem" role="alert">
          {problems.join(" · ")}
        </p>
      ) : null}
      <Suggestions id={id} offered={offered} active={active} onTake={take} />
    </search>
  );
}

type SuggestionsProps = {
  id: string;
  offered: readonly Suggestion[];
  active: number;
  onTake: (suggestion: Suggestion) => void;
};

function Suggestions({ id, offered, active, onTake }: SuggestionsProps): ReactNode {
  return (
    <div
      id={`${id}-list`}
      role="listbox"
      aria-label="Suggestions"
      className={offered.length > 0 ? "menu query-menu" : "sr-only"}
    >
      {offered.map((suggestion, index) => (
        // The keyboard reaches these through the input, as a combobox has it.
        // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
        <div
          key={suggestion.insert}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          className="menu-item"
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onTake(suggestion)}
        >
          <code>{suggestion.insert}</code>
          <span className="quiet truncate">{suggestion.help}</span>
        </div>
      ))}
    </div>
  );
}
