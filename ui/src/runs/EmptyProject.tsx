import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { MOUNT } from "@/api/client";
import { me } from "@/api/queries";
import { DEFAULT_PROJECT, useProject } from "@/shell/project";
import { Code } from "@/text/Code";

type Way = { title: string; lead: string; code: string; language: string };

function ways(endpoint: string, project: string, needsKey: boolean): Way[] {
  const isDefault = project === DEFAULT_PROJECT;
  const headers = [
    needsKey ? "Authorization=Bearer%20YOUR_KEY" : "",
    isDefault ? "" : `X-Masthead-Project=${project}`,
  ].filter(Boolean);
  const options = [
    `endpoint="${endpoint}"`,
    ...(isDefault ? [] : [`project="${project}"`]),
    ...(needsKey ? ['api_key="YOUR_KEY"'] : []),
  ];
  return [
    {
      title: "Instrumented already",
      lead: "Any OpenTelemetry, OpenInference, OpenLLMetry or Langfuse instrumentation: point it here.",
      language: "bash",
      code: [
        `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`,
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ...(headers.length > 0 ? [`export OTEL_EXPORTER_OTLP_HEADERS="${headers.join(",")}"`] : []),
        "python your_agents.py",
      ].join("\n"),
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
        'with masthead.run("triage", task="Is the build red?"):',
        '    with masthead.agent("Planner") as planner:',
        '        planner.output("Navigator, look at the last run.")',
        '        masthead.handoff("Navigator", "Look at the last run")',
      ].join("\n"),
    },
    {
      title: "Logs that you have",
      lead: "A file, a folder or an archive; the format is recognised. Importing twice adds nothing.",
      language: "bash",
      code: isDefault ? "masthead import path/to/logs" : `masthead import --project ${project} path/to/logs`,
    },
  ];
}

/** The first screen of an empty project. It turns into the list by itself when the first run arrives. */
export function EmptyProject(): ReactNode {
  const project = useProject();
  const caller = useQuery(me());
  const [chosen, setChosen] = useState(0);
  const all = ways(`${location.origin}${MOUNT}`, project, caller.data?.is_login_required ?? false);
  const way = all[chosen] ?? all[0];
  return (
    <div className="empty">
      <h1>Send the first run</h1>
      <p className="empty-lead">
        A run is one execution of your agent system. Masthead shows who said what to whom, where it went wrong, and what
        it cost.
      </p>
      <div className="tabs" role="tablist" aria-label="Ways to send a run">
        {all.map((each, index) => (
          <button
            key={each.title}
            type="button"
            role="tab"
            id={`way-${index}`}
            aria-selected={index === chosen}
            aria-controls="way"
            className="tab"
            onClick={() => setChosen(index)}
          >
            {each.title}
          </button>
        ))}
      </div>
      {way ? (
        <div id="way" role="tabpanel" aria-labelledby={`way-${chosen}`} className="empty-way">
          <p>{way.lead}</p>
          <Code text={way.code} language={way.language} />
        </div>
      ) : null}
      <p className="listening" role="status">
        <span className="pulse" aria-hidden="true" />
        Listening for runs in <strong>{project}</strong>
      </p>
    </div>
  );
}
