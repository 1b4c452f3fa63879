import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { lists } from "@/api/shelf";
import type { RunList } from "@/api/types";
import { percent, plural } from "@/formats/numbers";
import { ago, moment } from "@/formats/time";
import { Wait } from "@/settings/Wait";
import { Wide } from "@/settings/Wide";
import { useProject } from "@/shell/project";
import "./lists.css";

/** The project's annotation queues and datasets. */
export function ListsPage(): ReactNode {
  const asked = useQuery(lists(useProject()));
  return (
    <div className="settings">
      <header className="page-head">
        <h1>Queues and datasets</h1>
      </header>
      <div className="settings-part">
        <Wait asked={asked}>
          {({ items }) =>
            items.length === 0 ? (
              <div className="notice">
                <h2>No lists yet</h2>
                <p>
                  Choose runs in the list of runs (with <kbd className="kbd">x</kbd> or the boxes), press{" "}
                  <kbd className="kbd">l</kbd>, and put them into an annotation queue, which people label one run after
                  the other, or into a dataset.
                </p>
                <Link to="/" className="button">
                  All runs
                </Link>
              </div>
            ) : (
              <>
                <Group title="Annotation queues" items={items.filter((list) => list.kind === "queue")} />
                <Group title="Datasets" items={items.filter((list) => list.kind === "dataset")} />
              </>
            )
          }
        </Wait>
      </div>
    </div>
  );
}

function Group({ title, items }: { title: string; items: readonly RunList[] }): ReactNode {
  if (items.length === 0) return null;
  return (
    <Wide label={title}>
      <h2>{title}</h2>
      <table className="ledger">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="num">
              Runs
            </th>
            <th scope="col">Labelled</th>
            <th scope="col">Made</th>
          </tr>
        </thead>
        <tbody>
          {items.map((list) => (
            <tr key={list.id}>
              <th scope="row">
                <Link to="/lists/$listId" params={{ listId: list.id }} className="group-link">
                  {list.name}
                </Link>
              </th>
              <td className="num">{plural(list.runs, "run")}</td>
              <td>
                <Labelled list={list} />
              </td>
              <td title={`${moment(list.created)} by ${list.created_by}`}>{ago(list.created, Date.now())}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

/** How far a list is labelled, as a bar and in words. */
export function Labelled({ list }: { list: { runs: number; labelled: number } }): ReactNode {
  return (
    <span className="labelled num">
      <progress max={list.runs || 1} value={list.labelled} aria-label="Labelled" />
      {list.labelled} of {list.runs} ({percent(list.labelled, list.runs)})
    </span>
  );
}
