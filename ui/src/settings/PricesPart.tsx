import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { unpriced } from "@/api/queries";
import { prices } from "@/api/settings";
import { exact, sum } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import { LookUp } from "./LookUp";
import { Wait } from "./Wait";
import { Wide } from "./Wide";

/** Where costs come from, and which models have none: what these cost is missing from every sum. */
export function PricesPart(): ReactNode {
  const project = useProject();
  const catalogue = useQuery(prices(project));
  const found = useQuery(unpriced(project, {}));
  return (
    <>
      <section className="panel form" aria-labelledby="prices-title">
        <h2 id="prices-title">Prices</h2>
        <Wait asked={catalogue}>
          {(known) => (
            <p>
              Calls are priced as they come in, by <code>{known.catalogue}</code>: it is part of Masthead, needs no
              network, and is renewed with each release. A cost that your program records itself (
              <code>masthead.cost_usd</code>) is kept instead.
            </p>
          )}
        </Wait>
      </section>
      <Wide label="Models without a known price">
        <h2>Models without a known price</h2>
        <Wait asked={found}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="quiet">Every call so far has a price, or no tokens were recorded for it.</p>
            ) : (
              <table className="ledger">
                <thead>
                  <tr>
                    <th scope="col">Model</th>
                    <th scope="col" className="num">
                      Calls
                    </th>
                    <th scope="col" className="num">
                      Tokens
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((model) => (
                    <tr key={model.model}>
                      <th scope="row">{model.model || <span className="quiet">not named by the span</span>}</th>
                      <td className="num">{exact(model.spans)}</td>
                      <td className="num">{exact(sum(model.input_tokens, model.output_tokens))}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Wait>
      </Wide>
      <LookUp />
    </>
  );
}
