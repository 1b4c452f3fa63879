import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { checked, configuration } from "@/api/configuration";
import type { GatewayConfig } from "@/api/schema";
import { Wait } from "@/settings/Wait";
import { useProject } from "@/shell/project";
import { ConnectionsPart } from "./ConnectionsPart";
import { DocumentPart } from "./DocumentPart";
import type { Document } from "./document";
import { type Draft, DraftProvider } from "./Fields";
import { HistoryPart } from "./HistoryPart";
import { AccessPart, LimitsPart, PluginsPart } from "./Lists";
import { Review } from "./Review";
import { RoutesPart } from "./RoutesPart";
import { SecretsPart } from "./SecretsPart";
import { CachePart, GuardsPart, RecordingPart } from "./Singles";
import { Standing } from "./Standing";
import "../try/try.css";
import "./config.css";
import "@/text/text.css";

export const PARTS = [
  ["connections", "Connections"],
  ["secrets", "Secrets"],
  ["routes", "Routes"],
  ["limits", "Limits"],
  ["access", "Who may use what"],
  ["guards", "Guards"],
  ["content", "Content"],
  ["cache", "Cache"],
  ["recording", "Recording, failures"],
  ["document", "As a document"],
  ["history", "History"],
] as const;

/** What the gateway does for this project: read, changed with the difference shown, and restored. */
export function ConfigurationPart(): ReactNode {
  const project = useProject();
  const asked = useQuery(configuration(project));
  return <Wait asked={asked}>{(config) => <Editor key={project} config={config} />}</Wait>;
}

function Editor({ config }: { config: GatewayConfig }): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const part = useSearch({ from: "/gateway/configuration", select: (search) => search.part }) ?? "connections";
  const stored = config.document as Document;
  const [draft, setDraft] = useState<{ document: Document; revision: number } | null>(null);
  const [isReviewing, setIsReviewing] = useState(false);
  /** Goes up whenever the forms begin anew from what is stored: what they remember of their own goes with it. */
  const [begun, setBegun] = useState(0);
  const document = draft?.document ?? stored;
  const revision = draft?.revision ?? config.revision;
  const isChanged = draft !== null && JSON.stringify(draft.document) !== JSON.stringify(stored);
  const settled = useSettled(useDeferredValue(document));
  const check = useQuery({ ...checked(project, settled, revision), enabled: isChanged });
  const faults = isChanged ? (check.data?.faults ?? []) : config.faults;
  const warnings = isChanged ? (check.data?.warnings ?? []) : config.warnings;
  useWarning(isChanged);
  const parts = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen the parts scroll, to the one shown.
  useEffect(() => {
    parts.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [part]);
  const value = useMemo<Draft>(
    () => ({
      document,
      effective: config.effective as Document,
      file: config.file as Document,
      faults,
      warnings,
      change: (next) => setDraft({ document: next, revision }),
    }),
    [document, revision, config.effective, config.file, faults, warnings],
  );
  const discard = () => {
    setDraft(null);
    setBegun(begun + 1);
  };
  const again = () => {
    discard();
    setIsReviewing(false);
    void queryClient.invalidateQueries({ queryKey: [project] });
  };
  return (
    <DraftProvider value={value}>
      <div className="config">
        <nav ref={parts} className="config-nav" aria-label="Configuration">
          {PARTS.map(([name, word]) => (
            <button
              key={name}
              type="button"
              className="tab"
              aria-current={part === name ? "page" : undefined}
              onClick={() =>
                void navigate({ to: "/gateway/configuration", search: (current) => ({ ...current, part: name }) })
              }
            >
              {word}
            </button>
          ))}
        </nav>
        <div className="config-body">
          <Standing
            config={config}
            isChanged={isChanged}
            faults={check.data?.faults.length ?? 0}
            changes={check.data?.changes.length ?? null}
          >
            <button type="button" className="button button-primary" onClick={() => setIsReviewing(true)}>
              Review and save
            </button>
            <button type="button" className="button" onClick={discard}>
              Discard
            </button>
          </Standing>
          {part === "history" ? (
            <HistoryPart revision={config.revision} />
          ) : (
            <Shown key={`${part} ${begun}`} part={part} />
          )}
        </div>
      </div>
      {isReviewing ? (
        <Review
          document={document}
          revision={revision}
          onSaved={again}
          onTakeLatest={again}
          onClose={() => setIsReviewing(false)}
        />
      ) : null}
    </DraftProvider>
  );
}

const SHOWN: Record<string, () => ReactNode> = {
  connections: ConnectionsPart,
  secrets: SecretsPart,
  routes: RoutesPart,
  limits: LimitsPart,
  access: AccessPart,
  guards: GuardsPart,
  content: PluginsPart,
  cache: CachePart,
  recording: RecordingPart,
  document: DocumentPart,
};

function Shown({ part }: { part: string }): ReactNode {
  const Part = SHOWN[part] ?? ConnectionsPart;
  return <Part />;
}

const SETTLES_MS = 350;

/** A value once it has stopped changing for a moment. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

/** Asks before the page is left with changes that are not saved. */
function useWarning(isChanged: boolean): void {
  useEffect(() => {
    if (!isChanged) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isChanged]);
}
