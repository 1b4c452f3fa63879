import { type KeyboardEvent, type ReactNode, useId, useMemo, useState } from "react";
import type { ServedModel } from "@/api/types";
import { usePopup } from "@/design/usePopup";
import { contextOf, placesOf, priceOf } from "./facts";

const MOST_SHOWN = 60;

type Props = {
  label: string;
  value: string;
  models: readonly ServedModel[];
  fault: string | undefined;
  onChange: (model: string) => void;
};

/** A model by its name: any that is typed, and those that the gateway serves to choose from. */
export function ModelPicker({ label, value, models, fault, onChange }: Props): ReactNode {
  const id = useId();
  const { box, isOpen, setIsOpen } = usePopup();
  const [active, setActive] = useState(-1);
  const [wanted, setWanted] = useState("");
  const found = useMemo(() => matching(models, wanted), [models, wanted]);
  const shown = found.slice(0, MOST_SHOWN);
  function choose(model: string): void {
    onChange(model);
    setWanted("");
    setIsOpen(false);
  }
  function onKey(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setIsOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = Math.max(0, Math.min(shown.length - 1, active + step));
      setActive(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && isOpen) {
      event.preventDefault();
      choose(shown[active]?.model ?? value);
    } else if (event.key === "Tab" || event.key === "Enter") setIsOpen(false);
  }
  return (
    <div className="model-picker" ref={box}>
      <input
        className="field"
        role="combobox"
        aria-label={label}
        aria-expanded={isOpen}
        aria-controls={isOpen ? `${id}-list` : undefined}
        aria-activedescendant={isOpen && active >= 0 ? `${id}-${active}` : undefined}
        aria-autocomplete="list"
        aria-invalid={fault !== undefined}
        aria-describedby={fault === undefined ? undefined : `${id}-fault`}
        placeholder="Choose a model, or type its name"
        autoComplete="off"
        spellCheck={false}
        maxLength={300}
        value={value}
        onClick={() => setIsOpen(true)}
        onKeyDown={onKey}
        onChange={(event) => {
          onChange(event.target.value);
          setWanted(event.target.value);
          setActive(event.target.value === "" ? -1 : 0);
          setIsOpen(true);
        }}
      />
      {isOpen && shown.length > 0 ? (
        <div className="menu picker-menu" role="listbox" id={`${id}-list`} aria-label="Models">
          {shown.map((each, at) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys of its list.
            // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, as lists of a combobox have it.
            <div
              key={each.model}
              id={`${id}-${at}`}
              className="menu-item picker-item"
              role="option"
              aria-selected={at === active}
              onPointerMove={() => setActive(at)}
              onClick={() => choose(each.model)}
            >
              <span className="picker-name truncate">{each.model}</span>
              <span className="quiet truncate">{each.kind === "route" ? "route" : each.places[0]?.connection}</span>
              <span className="quiet num">{contextOf(each)}</span>
              <span className="quiet num">{priceOf(each)}</span>
            </div>
          ))}
          {found.length > shown.length ? (
            <p className="quiet picker-more">{found.length - shown.length} more: type a part of the name</p>
          ) : null}
        </div>
      ) : null}
      {fault === undefined ? null : (
        <p className="tone-bad field-fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
    </div>
  );
}

/** Every word must occur in the name, the connection or the provider; names that hold them all come first. */
function matching(models: readonly ServedModel[], wanted: string): readonly ServedModel[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return models;
  const holds = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const named = models.filter((each) => holds(each.model));
  const others = models.filter(
    (each) => !named.includes(each) && holds(`${each.model} ${placesOf(each)} ${providersOf(each)}`),
  );
  return [...named, ...others];
}

function providersOf(model: ServedModel): string {
  return model.places.map((at) => at.provider).join(" ");
}
