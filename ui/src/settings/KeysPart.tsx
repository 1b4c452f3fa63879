import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { limits as limitsQuery } from "@/api/gateway";
import { keys as keysQuery } from "@/api/settings";
import { CopyButton } from "@/design/CopyButton";
import { Programs } from "@/gateway/Programs";
import { useProject } from "@/shell/project";
import { KeyRow } from "./KeyRow";
import { type Made, MakeKey } from "./MakeKey";
import { Wait } from "./Wait";
import { Wide } from "./Wide";

/** The project's keys. A secret is shown once, when its key is made. */
export function KeysPart(): ReactNode {
  const project = useProject();
  const asked = useQuery(keysQuery(project));
  const used = useQuery(limitsQuery(project)).data?.items ?? [];
  const [made, setMade] = useState<Made | null>(null);
  return (
    <>
      <MakeKey onMade={setMade} />
      {made ? (
        <section className="panel form secret" aria-labelledby="secret-title">
          <h2 id="secret-title">The new key</h2>
          <p role="status">This is the only time that it is shown. Copy it now.</p>
          <div className="form-row">
            <code className="secret-text">{made.secret}</code>
            <CopyButton text={made.secret} label="Copy the key" />
          </div>
          {made.isForCalls ? (
            <>
              <p>A program calls models with it like this:</p>
              <Programs secret={made.secret} />
            </>
          ) : null}
          <button type="button" className="button" onClick={() => setMade(null)}>
            I have it
          </button>
        </section>
      ) : null}
      <Wait asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="quiet">This project has no keys yet.</p>
          ) : (
            <Wide label="Keys">
              <table className="ledger">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Role</th>
                    <th scope="col">Begins with</th>
                    <th scope="col">Models, limits</th>
                    <th scope="col">Made</th>
                    <th scope="col">Last used</th>
                    <th scope="col">State</th>
                    <th scope="col">
                      <span className="sr-only">Change or revoke</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((key) => (
                    <KeyRow
                      key={key.id}
                      item={key}
                      used={used.filter(({ per, subject }) => per === "key" && subject === key.id)}
                    />
                  ))}
                </tbody>
              </table>
            </Wide>
          )
        }
      </Wait>
    </>
  );
}
