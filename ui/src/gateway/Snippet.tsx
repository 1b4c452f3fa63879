import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { MOUNT } from "@/api/client";
import { DEFAULT_PROJECT } from "@/api/defaults";
import { me } from "@/api/queries";
import { useProject } from "@/shell/project";
import { Code } from "@/text/Code";

/** What to do where no call has come yet: change one base URL. */
export function Snippet({ title }: { title: string }): ReactNode {
  const project = useProject();
  const needsKey = useQuery(me()).data?.is_login_required ?? false;
  const base = `${location.origin}${MOUNT}/v1`;
  const isNamed = project !== DEFAULT_PROJECT && !needsKey;
  const key = needsKey ? "YOUR_KEY" : "any";
  const lines = [
    "from openai import OpenAI",
    "",
    "client = OpenAI(",
    `    base_url="${base}",`,
    `    api_key="${key}",`,
    ...(isNamed ? [`    default_headers={"X-Masthead-Project": "${project}"},`] : []),
    ")",
  ];
  return (
    <section className="panel gateway-empty" aria-label={title}>
      <h2>{title}</h2>
      <p>
        Point your program here: change one base URL, whatever client or framework it uses. Calls are recorded as runs,
        limited, and guarded against loops.
      </p>
      <Code text={lines.join("\n")} language="python" />
      <p className="quiet">
        Which models there are is said by the <Link to="/gateway/configuration">configuration</Link>; the{" "}
        <Link to="/models">catalogue</Link> lists those that are known.
        {needsKey ? " An owner of this project makes keys in the settings." : ""}
      </p>
    </section>
  );
}
