import type { ReactNode } from "react";
import type { Shipped as ShippedOf, ShippedRule } from "@/api/schema";
import { exact, plural } from "@/formats/numbers";
import { Scroll } from "@/statistics/Scroll";
import { scale, ticks } from "@/statistics/scale";
import { figure } from "@/statistics/text";
import { Axis, Whisker } from "@/statistics/Whisker";

const KAPPA = scale(-0.25, 1);

/** The figures that the built-in rules came with: on public labels, not on this project's. */
export function Shipped({ shipped, isOpen }: { shipped: ShippedOf; isOpen: boolean }): ReactNode {
  const on = shipped.rules.filter((rule) => rule.is_on);
  const off = shipped.rules.filter((rule) => !rule.is_on);
  return (
    <section className="study-panel panel is-foreign" aria-labelledby="shipped-title">
      <header>
        <h2 id="shipped-title">As shipped: built-in detectors on the reference labels</h2>
        <span className="badge">not measured on this project</span>
      </header>
      <p className="study-note">
        {plural(shipped.runs, "public run")} with labels by one person. The rules were written with these runs in view,
        so the figures say how well they fit what was seen, not how well they will do on yours. A rule is on where it
        beats the best baseline, the short bar.
      </p>
      <details open={isOpen}>
        <summary className="study-link">
          {on.length} rules that are on, {off.length} that are off
        </summary>
        <Scroll label="Rules as shipped">
          <table className="study-table">
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col" className="is-text">
                  Code
                </th>
                <th scope="col" className="is-plot">
                  <span className="sr-only">Kappa</span>
                  <Axis values={ticks(KAPPA, 5)} write={(value) => figure(value)} />
                </th>
                <th scope="col">Kappa</th>
                <th scope="col">Baseline</th>
                <th scope="col">Both</th>
                <th scope="col">Only it</th>
                <th scope="col">Only people</th>
                <th scope="col" className="is-text">
                  Default
                </th>
              </tr>
            </thead>
            <tbody>
              {[...on, ...off].map((rule) => (
                <Row key={rule.evaluator} rule={rule} />
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </section>
  );
}

function Row({ rule }: { rule: ShippedRule }): ReactNode {
  return (
    <tr>
      <th scope="row">{rule.evaluator}</th>
      <td className="is-text">{rule.code}</td>
      <td className="is-plot">
        <Whisker
          scale={KAPPA}
          value={rule.kappa}
          interval={null}
          mark={rule.baseline_kappa}
          label={`kappa ${figure(rule.kappa)}, baseline ${figure(rule.baseline_kappa)}`}
          zero
        />
      </td>
      <td className="num">{figure(rule.kappa)}</td>
      <td className="num">{figure(rule.baseline_kappa)}</td>
      <td className="num">{exact(rule.true_positive)}</td>
      <td className="num">{exact(rule.false_positive)}</td>
      <td className="num">{exact(rule.false_negative)}</td>
      <td className="is-text">{rule.why}</td>
    </tr>
  );
}
