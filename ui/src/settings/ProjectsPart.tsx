import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { projects } from "@/api/queries";
import { createProject } from "@/api/settings";
import { plural } from "@/formats/numbers";
import { moment } from "@/formats/time";
import { DEFAULT_PROJECT } from "@/shell/project";
import { Outcome, Wait } from "./Wait";
import { Wide } from "./Wide";

/** Every project of the installation, and a new one; for whoever runs the server. */
export function ProjectsPart(): ReactNode {
  const known = useQuery(projects());
  return (
    <>
      <NewProject />
      <Wide label="Projects">
        <h2>Projects</h2>
        <Wait asked={known}>
          {({ items }) => (
            <table className="ledger">
              <thead>
                <tr>
                  <th scope="col">Name</th>
                  <th scope="col">Id</th>
                  <th scope="col">Made</th>
                  <th scope="col">Keeps runs</th>
                  <th scope="col">Redaction</th>
                </tr>
              </thead>
              <tbody>
                {items.map((project) => (
                  <tr key={project.id}>
                    <th scope="row">
                      <Link
                        to="/settings/project"
                        search={{ project: project.id === DEFAULT_PROJECT ? undefined : project.id }}
                        className="group-link"
                      >
                        {project.name}
                      </Link>
                    </th>
                    <td>
                      <code>{project.id}</code>
                    </td>
                    <td>{moment(project.created)}</td>
                    <td>{project.retention_days === null ? "for ever" : plural(project.retention_days, "day")}</td>
                    <td>{project.redaction.is_on ? "on" : "off"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </Wait>
      </Wide>
    </>
  );
}

function NewProject(): ReactNode {
  const queryClient = useQueryClient();
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const making = useMutation({
    mutationFn: () =>
      createProject({ id: id.trim(), name: name.trim() || null, retention_days: null, redaction: null }),
    onSuccess: async () => {
      setId("");
      setName("");
      await queryClient.invalidateQueries({ queryKey: ["projects"] });
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    making.mutate();
  }
  return (
    <form className="panel form" onSubmit={submit} aria-labelledby="new-project-title">
      <h2 id="new-project-title">Make a project</h2>
      <div className="form-row form-grid">
        <label>
          Id
          <input
            className="field"
            required
            pattern="[a-z0-9]([a-z0-9\-]{0,62}[a-z0-9])?"
            title="Lower-case letters, digits and dashes"
            autoComplete="off"
            value={id}
            onChange={(event) => setId(event.target.value)}
          />
        </label>
        <label>
          Name
          <input
            className="field"
            maxLength={200}
            autoComplete="off"
            placeholder={id}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
      </div>
      <div className="form-row">
        <button type="submit" className="button button-primary" disabled={id.trim() === "" || making.isPending}>
          Make the project
        </button>
        <Outcome error={making.error} done={making.data ? `${making.data.name} is there` : null} />
      </div>
    </form>
  );
}
