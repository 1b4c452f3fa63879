import type { ReactNode } from "react";
import { CopyButton } from "@/design/CopyButton";
import { Fold } from "@/text/Fold";
import { Prose } from "@/text/Prose";
import { useRun } from "../RunContext";

/** The task, the answer, and what else the record says of the run. */
export function About(): ReactNode {
  const { detail } = useRun();
  const { run, ending } = detail;
  const rows: Array<[string, string]> = [
    ...(detail.task_id ? [["Task id", detail.task_id] as [string, string]] : []),
    ...(run.models.length > 0 ? [["Models", run.models.join(", ")] as [string, string]] : []),
    ...(run.session_id ? [["Session", run.session_id] as [string, string]] : []),
    ...(run.user_id ? [["User", run.user_id] as [string, string]] : []),
    ...(run.tags.length > 0 ? [["Tags", run.tags.join(", ")] as [string, string]] : []),
    ...Object.entries(run.metadata).map(([key, value]): [string, string] => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  ];
  return (
    <>
      {detail.task ? <Text title="Task" text={detail.task} /> : null}
      {ending.answer ? <Text title="Answer" text={ending.answer} /> : null}
      <section className="detail">
        <h2>Record</h2>
        <dl className="facts">
          <div>
            <dt>Run</dt>
            <dd>
              <code className="truncate">{run.run_id}</code>
              <CopyButton text={run.run_id} label="Copy the run's id" />
            </dd>
          </div>
          {rows.map(([name, value]) => (
            <div key={name}>
              <dt className="truncate" title={name}>
                {name}
              </dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}

function Text({ title, text }: { title: string; text: string }): ReactNode {
  return (
    <section className="detail">
      <header className="detail-head">
        <h2>{title}</h2>
        <CopyButton text={text} label={`Copy the ${title.toLowerCase()}`} />
      </header>
      <Fold text={text} isOpen={false}>
        {(part) => <Prose text={part} />}
      </Fold>
    </section>
  );
}
