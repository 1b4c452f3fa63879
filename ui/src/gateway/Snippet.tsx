import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { me } from "@/api/queries";
import { Programs } from "./Programs";

/** What to do where no call has come yet: change one base URL. */
export function Snippet({ title, isSinceStart = false }: { title: string; isSinceStart?: boolean }): ReactNode {
  const needsKey = useQuery(me()).data?.is_login_required ?? false;
  return (
    <section className="panel gateway-empty" aria-label={title}>
      <h2>{title}</h2>
      <p>
        Point your program here: change one base URL, whatever client or framework it uses. Calls are recorded as runs,
        limited, and guarded against loops.
        {isSinceStart ? (
          <>
            {" "}
            What came before the start stands under <Link to="/gateway/usage">Usage</Link>.
          </>
        ) : null}
      </p>
      <Programs />
      <p className="quiet">
        Which models there are is said by the <Link to="/gateway/configuration">configuration</Link>; the{" "}
        <Link to="/models">catalogue</Link> lists those that are known.
        {needsKey ? (
          <>
            {" "}
            An owner of this project makes <Link to="/settings/keys">keys</Link>.
          </>
        ) : null}
      </p>
    </section>
  );
}
