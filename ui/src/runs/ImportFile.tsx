import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";
import { importFile } from "@/api/settings";
import { plural } from "@/formats/numbers";
import { useProject } from "@/shell/project";
import { useMay } from "@/shell/useMay";

/** Takes a log file from the reader's own disk, and says what was read in it. */
export function ImportFile(): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const chooser = useRef<HTMLInputElement>(null);
  const mayEdit = useMay("editor");
  const upload = useMutation({
    mutationFn: (file: File) => importFile(project, file),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: [project] }),
  });
  if (!mayEdit) return null;
  const report = upload.data;
  return (
    <div className="form-row">
      <input
        ref={chooser}
        type="file"
        className="sr-only"
        tabIndex={-1}
        aria-label="A log file to import"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) upload.mutate(file);
          event.target.value = "";
        }}
      />
      <button type="button" className="button" disabled={upload.isPending} onClick={() => chooser.current?.click()}>
        {upload.isPending ? "Reading…" : "Or choose a file here"}
      </button>
      {report ? (
        <span role="status">
          {plural(report.runs, "run")} read
          {report.problems_total > 0 ? `, ${plural(report.problems_total, "record")} not understood` : ""}
          {report.problems[0] ? `: ${report.problems[0].where}: ${report.problems[0].reason}` : ""}
        </span>
      ) : null}
      {upload.error ? (
        <span className="tone-bad" role="alert">
          {upload.error.message}
        </span>
      ) : null}
    </div>
  );
}
