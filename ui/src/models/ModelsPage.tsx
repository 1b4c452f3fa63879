import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useDeferredValue, useMemo, useState } from "react";
import { CAPABILITIES, catalogue, type ModelsFilter } from "@/api/gateway";
import { servedModels } from "@/api/trying";
import { exact, UNKNOWN } from "@/formats/numbers";
import { Wait } from "@/settings/Wait";
import "@/settings/settings.css";
import "@/overview/overview.css";
import "@/gateway/gateway.css";
import { useProject } from "@/shell/project";
import { ModelsTable } from "./ModelsTable";
import { OwnNames } from "./OwnNames";
import { servedBy } from "./served";
import "./models.css";

const route = getRouteApi("/models");

/** The catalogue: what models can do and cost, and which of them this project's gateway serves. */
export function ModelsPage(): ReactNode {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const project = useProject();
  const [text, setText] = useState(search.q ?? "");
  const words = useDeferredValue(text.trim());
  const filter = useMemo(
    (): ModelsFilter => ({
      ...(words ? { text: words } : {}),
      ...(search.provider ? { provider: search.provider } : {}),
      ...(search.capability ? { capability: search.capability } : {}),
    }),
    [words, search.provider, search.capability],
  );
  const asked = useInfiniteQuery(catalogue(project, filter));
  const served = useQuery(servedModels(project));
  const serving = useMemo(() => servedBy(served.data?.items ?? []), [served.data]);
  const change = (changed: Partial<typeof search>) =>
    void navigate({ search: (current) => ({ ...current, ...changed }), replace: true });
  return (
    <div className="settings models">
      <header className="page-head">
        <h1>Models</h1>
      </header>
      <search className="form-row models-filter" aria-label="Narrow the models down">
        <input
          className="field"
          type="search"
          aria-label="A part of a model's or a provider's name"
          placeholder="gpt-4o, claude, gemini…"
          autoComplete="off"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            change({ q: event.target.value || undefined });
          }}
        />
        <select
          className="field"
          aria-label="What it must be able to do"
          value={search.capability ?? ""}
          onChange={(event) => change({ capability: CAPABILITIES.find((each) => each === event.target.value) })}
        >
          <option value="">Any capability</option>
          {CAPABILITIES.map((each) => (
            <option key={each} value={each}>
              {each.replace("_", " ")}
            </option>
          ))}
        </select>
        {search.provider ? (
          <button type="button" className="button" onClick={() => change({ provider: undefined })}>
            of {search.provider} only <span aria-hidden="true">×</span>
            <span className="sr-only">Show all providers</span>
          </button>
        ) : null}
      </search>
      {search.provider || search.capability ? null : <OwnNames items={served.data?.items ?? []} text={words} />}
      {asked.isPending ? (
        <p className="quiet" role="status">
          Reading the catalogue…
        </p>
      ) : null}
      <Wait asked={asked}>
        {({ pages }) => {
          const models = pages.flatMap(({ items }) => items);
          return models.length === 0 ? (
            <p className="quiet models-none">
              No model of the catalogue matches. A connection can serve models that the catalogue does not know: their
              calls cost {UNKNOWN} (unknown), never nothing.
            </p>
          ) : (
            <>
              <ModelsTable models={models} serving={serving} onProvider={(provider) => change({ provider })} />
              <div className="form-row">
                <span className="quiet" role="status">
                  {exact(models.length)} {asked.hasNextPage ? "of more" : "in all"}. US dollars for a million tokens;{" "}
                  {UNKNOWN} means not known.
                </span>
                {asked.hasNextPage ? (
                  <button
                    type="button"
                    className="button"
                    disabled={asked.isFetchingNextPage}
                    onClick={() => void asked.fetchNextPage()}
                  >
                    Show more
                  </button>
                ) : null}
              </div>
            </>
          );
        }}
      </Wait>
      {served.data?.items.length === 0 ? (
        <p className="quiet">
          No connection is set up yet: <Link to="/gateway/configuration">add one</Link> to use models.
        </p>
      ) : null}
    </div>
  );
}
