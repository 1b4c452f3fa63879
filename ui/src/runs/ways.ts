import { DEFAULT_PROJECT } from "@/api/defaults";

export type Way = { title: string; lead: string; code: string; language: string; takesFile: boolean };
type Given = { endpoint: string; project: string; needsKey: boolean; key: string | null };

/** Three ways to send a run to this very server, ready to be pasted. A key belongs to its project: it needs no other word. */
export function ways({ endpoint, project, needsKey, key }: Given): Way[] {
  const secret = key ?? "YOUR_KEY";
  const isNamed = project !== DEFAULT_PROJECT && !needsKey;
  const header = needsKey ? `Authorization=Bearer%20${secret}` : isNamed ? `X-Masthead-Project=${project}` : "";
  const options = [
    `endpoint="${endpoint}"`,
    ...(isNamed ? [`project="${project}"`] : []),
    ...(needsKey ? [`api_key="${secret}"`] : []),
  ];
  return [
    {
      title: "Instrumented already",
      lead: "Any OpenTelemetry, OpenInference, OpenLLMetry or Langfuse instrumentation: point it here.",
      language: "bash",
      code: [
        `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`,
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ...(header ? [`export OTEL_EXPORTER_OTLP_HEADERS="${header}"`] : []),
        "python your_agents.py",
      ].join("\n"),
      takesFile: false,
    },
    {
      title: "A few lines of Python",
      lead: "For a program without instrumentation.",
      language: "python",
      code: [
        "import masthead",
        "",
        `masthead.init(${options.join(", ")})`,
        "",
        'with masthead.run("Is the build red?", system="triage"):',
        '    with masthead.agent("Planner") as planner:',
        '        planner.output("Navigator, look at the last run.")',
        '        masthead.handoff("Navigator", "Look at the last run")',
      ].join("\n"),
      takesFile: false,
    },
    {
      title: "Logs that you have",
      lead: "A file, a folder or an archive; the format is recognised. Importing twice adds nothing.",
      language: "bash",
      code:
        project === DEFAULT_PROJECT
          ? "masthead import path/to/logs"
          : `masthead import --project ${project} path/to/logs`,
      takesFile: true,
    },
  ];
}
