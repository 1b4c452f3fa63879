import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useDeferredValue, useState } from "react";
import { priced } from "@/api/settings";
import { price, UNKNOWN } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import { Outcome } from "./Wait";
import { Wide } from "./Wide";

/** What a model costs by the catalogue. */
export function LookUp(): ReactNode {
  const [text, setText] = useState("");
  const asked = useQuery(priced(useProject(), useDeferredValue(text.trim())));
  const items = text.trim().length > 1 ? (asked.data?.items ?? []) : [];
  return (
    <Wide label="Look a model up">
      <h2>Look a model up</h2>
      <div className="form-row">
        <input
          className="field"
          type="search"
          aria-label="A part of a model's name"
          placeholder="gpt-4o, claude, gemini…"
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Outcome
          error={asked.error}
          done={asked.isSuccess && text.trim().length > 1 && items.length === 0 ? "No model by that name" : null}
        />
      </div>
      {items.length > 0 ? (
        <table className="ledger">
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">Provider</th>
              <th scope="col" className="num">
                Input
              </th>
              <th scope="col" className="num">
                Output
              </th>
              <th scope="col" className="num">
                Cached input
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((model) => (
              <tr key={`${model.provider}/${model.model}`}>
                <th scope="row">{model.model}</th>
                <td>{model.provider}</td>
                <td className="num">{price(model.usd_per_million?.input)}</td>
                <td className="num">{price(model.usd_per_million?.output)}</td>
                <td className="num">{price(model.usd_per_million?.cache_read)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      <p className="quiet">US dollars for a million tokens. {UNKNOWN} means that no price is known.</p>
    </Wide>
  );
}
