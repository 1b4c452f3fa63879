import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { agreement } from "@/api/reports";
import type { Agreement } from "@/api/schema";
import { exact, plural } from "@/formats/numbers";
import { useDiagnose } from "@/jobs/useDiagnose";
import type { AgreementSearch } from "@/router";
import { Failure } from "@/shell/Failure";
import { useProject } from "@/shell/project";
import { useMay } from "@/shell/useMay";
import { Contested } from "./Contested";
import { EvaluatorDetail } from "./EvaluatorDetail";
import { Evaluators } from "./Evaluators";
import { chosenOf } from "./evaluators";
import { Shipped } from "./Shipped";
import { Teach } from "./Teach";
import "@/statistics/statistics.css";
import "./agreement.css";

const route = getRouteApi("/agreement");

/** How far every evaluator can be trusted: its agreement with the people who labelled this project's runs. */
export function AgreementPage(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { evaluator, code } = search;
  const found = useQuery(agreement(useProject(), { ...(evaluator ? { evaluator } : {}), ...(code ? { code } : {}) }));
  const set = (change: AgreementSearch) =>
    void navigate({ search: (current) => ({ ...current, ...change }), replace: true });
  return (
    <div className="study">
      <header className="study-head">
        <h1>Agreement</h1>
        {found.data ? <Labelled found={found.data} /> : null}
      </header>
      <div className="study-body" aria-busy={found.isFetching}>
        {found.error ? (
          <Failure error={found.error} onRetry={() => void found.refetch()} />
        ) : found.data ? (
          <Found found={found.data} search={search} onChange={set} />
        ) : (
          <div className="skeleton agreement-wait" />
        )}
      </div>
    </div>
  );
}

function Labelled({ found }: { found: Agreement }): ReactNode {
  if (found.labelled_runs === 0) return <span className="quiet">no run is labelled yet</span>;
  return (
    <span className="quiet num">
      {plural(found.labelled_runs, "run")} labelled by {found.people.join(", ")}
      {found.is_cut ? "; only the latest labels were read" : ""}
    </span>
  );
}

type FoundProps = { found: Agreement; search: AgreementSearch; onChange: (change: AgreementSearch) => void };

function Found({ found, search, onChange }: FoundProps): ReactNode {
  const chosen = chosenOf(found.evaluators, search.evaluator);
  return (
    <>
      <Undiagnosed found={found} />
      {found.labelled_runs === 0 ? <Teach /> : null}
      <Evaluators
        evaluators={found.evaluators}
        chosen={chosen?.evaluator}
        onChoose={(evaluator) => onChange({ evaluator, code: undefined })}
      />
      {chosen ? (
        <EvaluatorDetail
          evaluator={chosen}
          shipped={found.shipped}
          code={search.code}
          onCode={(code) => onChange({ evaluator: chosen.evaluator, code })}
        />
      ) : null}
      {found.labelled_runs === 0 ? null : <Contested found={found} search={search} onChange={onChange} />}
      <Shipped shipped={found.shipped} isOpen={found.labelled_runs === 0} />
    </>
  );
}

function Undiagnosed({ found }: { found: Agreement }): ReactNode {
  const { running, start } = useDiagnose();
  const mayDiagnose = useMay("editor");
  if (found.undiagnosed_runs === 0 && !running) return null;
  return (
    <section className="coverage panel" aria-label="Runs that the detectors have not seen">
      {running ? (
        <span role="status" className="num">
          Diagnosing: {exact(running.done)} of {exact(running.total)} runs
        </span>
      ) : (
        <>
          <span>
            The detectors have not seen <span className="num">{exact(found.undiagnosed_runs)}</span> of the labelled
            runs; their figures leave those out.
          </span>
          {mayDiagnose ? (
            <button type="button" className="button button-primary" onClick={() => start.mutate({ filter: {} })}>
              Diagnose all runs
            </button>
          ) : null}
        </>
      )}
    </section>
  );
}
