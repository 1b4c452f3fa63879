import { type ReactNode, useState } from "react";
import { exportRuns } from "@/api/shelf";
import { Dialog } from "@/design/Dialog";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import type { DialogProps } from "./props";

type Format = "jsonl" | "otlp" | "parquet";

const FORMATS: ReadonlyArray<{ format: Format; ending: string; title: string; help: string }> = [
  {
    format: "jsonl",
    ending: "jsonl",
    title: "Conversations",
    help: "A run a line, with its turns and scores (JSON Lines)",
  },
  { format: "otlp", ending: "json", title: "Spans for another tool", help: "A run's spans a line, as OTLP JSON" },
  {
    format: "parquet",
    ending: "parquet",
    title: "Spans as a table",
    help: "A row a span, for pandas, DuckDB, Spark (Parquet)",
  },
];

/** Hands the reader a file, by way of a link that is there for a moment. */
function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function ExportDialog({ bulk, onClose }: DialogProps): ReactNode {
  const project = useProject();
  const [chosen, setChosen] = useState<Format>("jsonl");
  const { format, ending } = FORMATS.find((each) => each.format === chosen) ?? { format: "jsonl", ending: "jsonl" };
  async function download(): Promise<void> {
    let part = 0;
    const isDone = await bulk.act(
      async (runIds) => {
        const file = await exportRuns(project, runIds, format);
        part += 1;
        save(file, `masthead-${project}${part > 1 ? `-${part}` : ""}.${ending}`);
        return runIds.length;
      },
      (runs) => `${plural(runs, "run")} exported`,
    );
    if (isDone) onClose();
  }
  return (
    <Dialog title="Export the chosen runs" onClose={onClose}>
      <fieldset className="form options">
        <legend className="sr-only">Format</legend>
        {FORMATS.map((each) => (
          <label key={each.format} className="option">
            <input
              type="radio"
              name="format"
              checked={each.format === chosen}
              onChange={() => setChosen(each.format)}
            />
            <span>
              <strong>{each.title}</strong>
              <span className="quiet">{each.help}</span>
            </span>
          </label>
        ))}
        <div className="form-row">
          <button
            type="button"
            className="button button-primary"
            disabled={bulk.isBusy}
            onClick={() => void download()}
          >
            {bulk.isBusy ? "Exporting…" : "Export"}
          </button>
        </div>
      </fieldset>
    </Dialog>
  );
}
