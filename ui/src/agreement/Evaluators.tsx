import type { ReactNode } from "react";
import type { Evaluator } from "@/api/schema";
import { exact } from "@/formats/numbers";
import { Scroll } from "@/statistics/Scroll";
import { scale, ticks } from "@/statistics/scale";
import { between, figure, share, strength } from "@/statistics/text";
import { Axis, Whisker } from "@/statistics/Whisker";
import { foldedOf, SOURCES, titleOf } from "./evaluators";

const KAPPA = scale(-0.25, 1);
const MARKS = ticks(KAPPA, 5);

type Props = {
  evaluators: readonly Evaluator[];
  chosen: string | undefined;
  onChoose: (evaluator: string) => void;
};

/** Every evaluator with its kappa over all codes that it speaks to; those that nothing was measured of say so. */
export function Evaluators({ evaluators, chosen, onChoose }: Props): ReactNode {
  const { shown, folded } = foldedOf(evaluators);
  return (
    <section className="study-panel panel" aria-labelledby="evaluators-title">
      <header>
        <h2 id="evaluators-title">Evaluators against people, on this project’s labels</h2>
        <span className="quiet">Cohen’s kappa, 95% interval; the short bar is the best baseline</span>
      </header>
      <Scroll label="Evaluators">
        <table className="study-table">
          <thead>
            <tr>
              <th scope="col">Evaluator</th>
              <th scope="col" className="is-text is-minor">
                By
              </th>
              <th scope="col" className="is-minor">
                Runs
              </th>
              <th scope="col" className="is-plot">
                <span className="sr-only">Kappa, 95% interval</span>
                <Axis values={MARKS} write={(value) => figure(value)} />
              </th>
              <th scope="col">Kappa</th>
              <th scope="col" className="is-text is-minor">
                In words
              </th>
              <th scope="col" className="is-minor">
                F1
              </th>
              <th scope="col" className="is-minor">
                Precision
              </th>
              <th scope="col" className="is-minor">
                Recall
              </th>
              <th scope="col" className="is-minor">
                Coverage
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((each) => (
              <Row key={each.evaluator} each={each} isChosen={each.evaluator === chosen} onChoose={onChoose} />
            ))}
            {folded.length > 0 ? (
              <tr>
                <th scope="row">Not yet measured</th>
                <td className="is-wrapped quiet" colSpan={9}>
                  {folded.map(({ evaluator }) => titleOf(evaluator)).join(", ")}
                </td>
              </tr>
            ) : null}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

type RowProps = { each: Evaluator; isChosen: boolean; onChoose: (evaluator: string) => void };

function Row({ each, isChosen, onChoose }: RowProps): ReactNode {
  const line = each.pooled;
  const best = Math.max(...each.baselines.map(({ kappa }) => kappa ?? Number.NEGATIVE_INFINITY));
  const said = line
    ? `kappa ${figure(line.kappa)}, 95%: ${between(line.kappa_interval, figure)}, ${strength(line.kappa)}`
    : "not yet measured";
  return (
    <tr className={isChosen ? "is-chosen" : ""}>
      <th scope="row">
        <button
          type="button"
          className="study-link"
          aria-pressed={isChosen}
          aria-label={`${titleOf(each.evaluator)}: ${said}`}
          onClick={() => onChoose(each.evaluator)}
        >
          {titleOf(each.evaluator)}
        </button>
      </th>
      <td className="is-text is-minor">{SOURCES[each.source]}</td>
      {line ? (
        <>
          <td className="num is-minor">{exact(each.runs)}</td>
          <td className="is-plot" title={said}>
            <Whisker
              scale={KAPPA}
              value={line.kappa}
              interval={line.kappa_interval}
              mark={Number.isFinite(best) ? best : null}
              label={said}
              zero
            />
          </td>
          <td className="num">
            <strong>{figure(line.kappa)}</strong>
          </td>
          <td className="is-text is-minor">{strength(line.kappa)}</td>
          <td className="num is-minor">{figure(line.f1)}</td>
          <td className="num is-minor">{figure(line.precision)}</td>
          <td className="num is-minor">{figure(line.recall)}</td>
          <td className="num is-minor">{share(line.asked === 0 ? null : line.n / line.asked, 0)}</td>
        </>
      ) : (
        <td className="is-text quiet" colSpan={8}>
          not yet measured:{" "}
          {each.source === "human" ? "nobody else labelled the same runs" : "no labelled run was judged by it"}
        </td>
      )}
    </tr>
  );
}
