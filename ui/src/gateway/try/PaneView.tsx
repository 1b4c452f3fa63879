import type { ReactNode } from "react";
import type { ServedModel } from "@/api/types";
import { AnswerView } from "./AnswerView";
import type { Pane, Side } from "./desk";
import { contextOf, placesOf, priceOf } from "./facts";
import { ModelPicker } from "./ModelPicker";
import type { Faults } from "./request";
import { SettingsEditor } from "./SettingsEditor";
import type { Asking } from "./useAnswer";
import type { Piece } from "./words";

export const NAMES = ["Pane A", "Pane B"] as const;

type Props = {
  side: Side;
  pane: Pane;
  models: readonly ServedModel[];
  takesAny: boolean;
  faults: Faults;
  asking: Asking;
  marked: Piece[] | null;
  onChange: (change: Partial<Pane>) => void;
  /** Null where the role may not call models. */
  onSend: (() => void) | null;
  onGoOn: () => void;
  children: ReactNode;
};

/** One model, its settings and its answer; with a prompt of its own where the panes do not share one. */
export function PaneView({ side, pane, models, asking, faults, onChange, onSend, ...props }: Props): ReactNode {
  const name = NAMES[side];
  const model = models.find((each) => each.model === pane.model);
  const isAsking = asking.answer?.state === "asking";
  const capabilities = model?.capabilities ?? null;
  return (
    <section className="try-pane" aria-label={name}>
      {props.children}
      <div className="panel try-model">
        <div className="form-row">
          <ModelPicker
            label={`Model of ${name}`}
            value={pane.model}
            models={models}
            fault={faults.model}
            onChange={(chosen) => onChange({ model: chosen })}
          />
          {isAsking ? (
            <button type="button" className="button button-danger" onClick={asking.stop}>
              Stop
            </button>
          ) : (
            <button
              type="button"
              className="button"
              aria-label={`Send ${name} only`}
              disabled={onSend === null}
              onClick={() => onSend?.()}
            >
              Send
            </button>
          )}
        </div>
        <p className="try-card quiet">
          {model ? (
            <>
              <span>{placesOf(model)}</span>
              <span className="num">{contextOf(model)}</span>
              <span className="num">{priceOf(model)}</span>
            </>
          ) : pane.model.trim() === "" ? (
            <span>No model is chosen</span>
          ) : (
            <span>{props.takesAny ? "Not in the list; price unknown" : "This gateway does not list it"}</span>
          )}
        </p>
        <SettingsEditor
          settings={pane.settings}
          faults={faults}
          hasEffort={capabilities === null ? null : capabilities.includes("reasoning")}
          onChange={(change) => onChange({ settings: { ...pane.settings, ...change } })}
        />
      </div>
      {asking.answer ? (
        <div className="panel try-answered">
          <AnswerView answer={asking.answer} name={name} marked={props.marked} onGoOn={props.onGoOn} />
        </div>
      ) : (
        <p className="panel try-empty quiet">The answer comes here.</p>
      )}
    </section>
  );
}
