import type { ReactNode } from "react";
import { ZOOMS, type Zoom } from "./geometry";
import { SOURCES, type Source } from "./useTrail";

type Props = {
  zoom: Zoom;
  onZoom: (zoom: Zoom) => void;
  byTime: boolean | null;
  onByTime: (byTime: boolean) => void;
  source: Source;
  onSource: (source: Source) => void;
};

/** How the lanes are drawn. By time only where the run has times: `byTime` is null where it has none. */
export function LanesBar({ zoom, onZoom, byTime, onByTime, source, onSource }: Props): ReactNode {
  return (
    <div className="lanes-choices">
      {byTime === null ? null : (
        <Choice
          legend="Along"
          options={[
            { value: "order", label: "Order", title: "Turns at even distances" },
            { value: "time", label: "Time", title: "Turns where they began" },
          ]}
          chosen={byTime ? "time" : "order"}
          onChoose={(value) => onByTime(value === "time")}
        />
      )}
      <Choice
        legend="Facts from"
        options={SOURCES.map((each) => ({ value: each.source, label: each.label, title: each.title }))}
        chosen={source}
        onChoose={onSource}
      />
      <Choice
        legend="Zoom"
        options={ZOOMS.map((each) => ({ value: each.zoom, label: each.label, title: "" }))}
        chosen={zoom}
        onChoose={onZoom}
      />
    </div>
  );
}

type ChoiceProps<T> = {
  legend: string;
  options: ReadonlyArray<{ value: T; label: string; title: string }>;
  chosen: T;
  onChoose: (value: T) => void;
};

function Choice<T extends string>({ legend, options, chosen, onChoose }: ChoiceProps<T>): ReactNode {
  return (
    <div className="lanes-choice">
      <span aria-hidden="true">{legend}</span>
      <fieldset className="segmented">
        <legend className="sr-only">{legend}</legend>
        {options.map(({ value, label, title }) => (
          <button
            key={value}
            type="button"
            title={title || undefined}
            aria-pressed={value === chosen}
            onClick={() => onChoose(value)}
          >
            {label}
          </button>
        ))}
      </fieldset>
    </div>
  );
}
