import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CatalogueModel } from "@/api/types";
import { count, price, UNKNOWN } from "@/formats/numbers";
import { Wide } from "@/settings/Wide";
import type { Serving } from "./served";

type Props = {
  models: readonly CatalogueModel[];
  serving: (provider: string, model: string) => Serving | undefined;
  onProvider: (provider: string) => void;
};

const PRICES = ["Input", "Output", "Cached input"];

/** Models of the catalogue, with what they take, can do and cost, and who serves them here. */
export function ModelsTable({ models, serving, onProvider }: Props): ReactNode {
  return (
    <Wide label="Models">
      <table className="ledger usage">
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Provider</th>
            <th scope="col">Served here by</th>
            <th scope="col" className="num">
              Context
            </th>
            <th scope="col" className="num">
              Max output
            </th>
            {PRICES.map((word) => (
              <th key={word} scope="col" className="num">
                {word}
              </th>
            ))}
            <th scope="col">Can do</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr key={`${model.provider}/${model.model}`}>
              <th scope="row">
                <span className="call-who">
                  {model.model}
                  {model.name && model.name !== model.model ? <span className="quiet">{model.name}</span> : null}
                </span>
              </th>
              <td>
                <button type="button" className="group-link" onClick={() => onProvider(model.provider)}>
                  {model.provider}
                  <span className="sr-only">: only its models</span>
                </button>
              </td>
              <td>
                <Served serving={serving(model.provider, model.model)} />
              </td>
              <td className="num">{count(model.context_tokens)}</td>
              <td className="num">{count(model.max_output_tokens)}</td>
              <td className="num">{price(model.usd_per_million?.input)}</td>
              <td className="num">{price(model.usd_per_million?.output)}</td>
              <td className="num">{price(model.usd_per_million?.cache_read)}</td>
              <td>
                <span className="models-can">
                  {model.capabilities?.map((each) => (
                    <span key={each} className="chip">
                      {each.replace("_", " ")}
                    </span>
                  )) ?? UNKNOWN}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Served({ serving }: { serving: Serving | undefined }): ReactNode {
  if (serving === undefined) return <span className="quiet">nobody</span>;
  const beside = serving.aliases.filter((alias) => alias !== serving.name);
  return (
    <span className="models-served">
      {serving.connections.join(", ")}
      {beside.length > 0 ? <span className="quiet"> as {beside.join(", ")}</span> : null}
      <Link to="/gateway/try" search={{ model: serving.name }} className="models-try">
        Try<span className="sr-only"> {serving.name}</span>
      </Link>
    </span>
  );
}
