import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ServedModel } from "@/api/types";
import { count, price } from "@/formats/numbers";
import { Wide } from "@/settings/Wide";

/** What this project's configuration names: routes, and models that connections name. */
export function OwnNames({ items, text }: { items: readonly ServedModel[]; text: string }): ReactNode {
  const word = text.toLowerCase();
  const shown = items.filter(({ kind, model }) => kind !== "known" && model.toLowerCase().includes(word));
  if (shown.length === 0) return null;
  return (
    <Wide label="Names of this project">
      <h2>Names of this project</h2>
      <table className="ledger usage">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Goes to</th>
            <th scope="col" className="num">
              Context
            </th>
            <th scope="col" className="num">
              Input
            </th>
            <th scope="col" className="num">
              Output
            </th>
            <th scope="col">
              <span className="sr-only">Try</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one.model}>
              <th scope="row">
                {one.model} {one.kind === "route" ? <span className="chip">route</span> : null}
              </th>
              <td>{[...new Set(one.places.map(({ connection, model }) => `${model} at ${connection}`))].join(", ")}</td>
              <td className="num">{count(one.context_tokens)}</td>
              <td className="num">{price(one.usd_per_million?.input)}</td>
              <td className="num">{price(one.usd_per_million?.output)}</td>
              <td>
                <Link to="/gateway/try" search={{ model: one.model }} className="models-try">
                  Try<span className="sr-only"> {one.model}</span>
                </Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
