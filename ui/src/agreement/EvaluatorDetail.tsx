import type { ReactNode } from "react";
import type { AgreementLine, Evaluator, Shipped } from "@/api/schema";
import { nameOf } from "@/findings/names";
import { exact, plural } from "@/formats/numbers";
import { Scroll } from "@/statistics/Scroll";
import { scale, ticks } from "@/statistics/scale";
import { between, figure, strength } from "@/statistics/text";
import { Axis, Whisker } from "@/statistics/Whisker";
import { titleOf } from "./evaluators";
import { Reliability } from "./Reliability";

const KAPPA = scale(-0.25, 1);

type Props = {
  evaluator: Evaluator;
  shipped: Shipped;
  code: string | undefined;
  onCode: (code: string | undefined) => void;
};

/** One evaluator code by code: kappa with its interval, what it confuses with what, and the baselines beside it. */
export function EvaluatorDetail({ evaluator, shipped, code, onCode }: Props): ReactNode {
  const judged = evaluator.codes.filter(({ n }) => n > 0);
  const silent = evaluator.codes.filter(({ n, asked }) => n === 0 && asked > 0);
  const rule = shipped.rules.find((each) => each.evaluator === evaluator.evaluator);
  return (
    <div className="study-two agreement-detail">
      <section className="study-panel panel" aria-labelledby="detail-title">
        <header>
          <h2 id="detail-title">{titleOf(evaluator.evaluator)}, code by code</h2>
          <span className="quiet num">{plural(evaluator.runs, "labelled run")}</span>
        </header>
        {judged.length === 0 ? (
          <p className="study-note">
            Not yet measured on this project.
            {rule ? ` On the reference labels: kappa ${figure(rule.kappa)} on ${plural(shipped.runs, "run")}.` : ""}
          </p>
        ) : (
          <Scroll label="Code by code">
            <table className="study-table">
              <thead>
                <tr>
                  <th scope="col">Code</th>
                  <th scope="col" className="is-plot">
                    <span className="sr-only">Kappa, 95% interval</span>
                    <Axis values={ticks(KAPPA, 5)} write={(value) => figure(value)} />
                  </th>
                  <th scope="col">Kappa</th>
                  <th scope="col" className="is-minor">
                    F1
                  </th>
                  <th scope="col" className="is-minor" title="found and labelled">
                    Both
                  </th>
                  <th scope="col" className="is-minor" title="found, not labelled">
                    Only it
                  </th>
                  <th scope="col" className="is-minor" title="labelled, not found">
                    Only people
                  </th>
                  <th scope="col" className="is-minor" title="neither found nor labelled">
                    Neither
                  </th>
                </tr>
              </thead>
              <tbody>
                {judged.map((line) => (
                  <Row key={line.code} line={line} isChosen={line.code === code} onCode={onCode} />
                ))}
                {[evaluator.pooled, ...evaluator.baselines].map((line, place) =>
                  line ? (
                    <Row key={line.code} line={line} title={place === 0 ? "pooled" : `baseline: ${line.code}`} />
                  ) : null,
                )}
              </tbody>
            </table>
          </Scroll>
        )}
        {silent.length > 0 ? (
          <p className="study-note">
            Needs a judge: {silent.map(({ code: each }) => each).join(", ")}. Of these codes it says nothing, so nothing
            is measured.
          </p>
        ) : null}
      </section>
      <Reliability evaluator={evaluator} />
    </div>
  );
}

type RowProps = { line: AgreementLine; title?: string; isChosen?: boolean; onCode?: Props["onCode"] };

function Row({ line, title, isChosen = false, onCode }: RowProps): ReactNode {
  const said = `kappa ${figure(line.kappa)}, 95%: ${between(line.kappa_interval, figure)}, ${strength(line.kappa)}, ${plural(line.n, "item")}`;
  return (
    <tr className={isChosen ? "is-chosen" : ""}>
      <th scope="row" className={title ? "is-total" : ""}>
        {onCode ? (
          <button
            type="button"
            className="study-link"
            aria-pressed={isChosen}
            onClick={() => onCode(isChosen ? undefined : line.code)}
          >
            {line.code} <span className="code-name">{nameOf(line.code)}</span>
          </button>
        ) : (
          title
        )}
      </th>
      <td className="is-plot" title={said}>
        <Whisker scale={KAPPA} value={line.kappa} interval={line.kappa_interval} label={said} zero />
      </td>
      <td className="num">{line.kappa === null ? <span className="quiet">undefined</span> : figure(line.kappa)}</td>
      <td className="num is-minor">{figure(line.f1)}</td>
      <td className="num is-minor">{exact(line.true_positive)}</td>
      <td className="num is-minor">{exact(line.false_positive)}</td>
      <td className="num is-minor">{exact(line.false_negative)}</td>
      <td className="num is-minor">{exact(line.true_negative)}</td>
    </tr>
  );
}
