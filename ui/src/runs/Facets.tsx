import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { facets, type RunsFilter } from "@/api/queries";
import type { Facets as FacetsOf, FacetValue } from "@/api/types";
import { Icon } from "@/design/icons";
import { count } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import { has, parse, toggle } from "./query";

const KINDS: ReadonlyArray<{ key: string; label: string; of: keyof FacetsOf }> = [
  { key: "outcome", label: "Outcome", of: "outcomes" },
  { key: "system", label: "System", of: "systems" },
  { key: "agent", label: "Agent", of: "agents" },
  { key: "model", label: "Model", of: "models" },
  { key: "tag", label: "Tag", of: "tags" },
];

type Props = { filter: RunsFilter; isReady: boolean; query: string; onChange: (query: string) => void };

/** What the runs have in common, most frequent first: choosing a value writes the term into the query bar. */
export function Facets({ filter, isReady, query, onChange }: Props): ReactNode {
  const found = useQuery({ ...facets(useProject(), filter), enabled: isReady });
  const terms = parse(query).terms;
  return (
    <div className="facets">
      {KINDS.map(({ key, label, of }) => {
        const values = found.data?.[of] ?? [];
        const chosen = terms.find((term) => term.key === key)?.value;
        if (values.length === 0 && chosen === undefined) return null;
        return (
          <Facet key={key} name={key} label={label} values={values} chosen={chosen} query={query} onChange={onChange} />
        );
      })}
    </div>
  );
}

type FacetProps = {
  name: string;
  label: string;
  values: readonly FacetValue[];
  chosen: string | undefined;
  query: string;
  onChange: (query: string) => void;
};

function Facet({ name, label, values, chosen, query, onChange }: FacetProps): ReactNode {
  const [isOpen, setIsOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    function close(event: Event): void {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node))
        setIsOpen(false);
    }
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, [isOpen]);
  const listed =
    chosen !== undefined && !values.some((item) => item.value === chosen)
      ? [{ value: chosen, runs: 0 }, ...values]
      : values;
  return (
    <div className="facet" ref={box}>
      <button type="button" className="button button-ghost" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        {label}
        {chosen !== undefined ? <span className="facet-chosen truncate">{chosen}</span> : null}
        <span className="facet-arrow">
          <Icon name="chevron" size={12} />
        </span>
      </button>
      {isOpen ? (
        <div className="menu facet-menu">
          {listed.map((item) => (
            <button
              key={item.value}
              type="button"
              className="menu-item"
              aria-pressed={has(query, name, item.value)}
              onClick={() => {
                onChange(toggle(query, name, item.value));
                setIsOpen(false);
              }}
            >
              <span className="facet-check">
                {has(query, name, item.value) ? <Icon name="check" size={14} /> : null}
              </span>
              <span className="truncate">{item.value}</span>
              <span className="facet-count num">{count(item.runs)}</span>
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}
