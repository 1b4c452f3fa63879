import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { changeProject, deleteProject, eraseUser, project as projectQuery } from "@/api/settings";
import type { Project } from "@/api/types";
import { Dialog } from "@/design/Dialog";
import { plural } from "@/formats/numbers";
import { moment } from "@/formats/time";
import { DEFAULT_PROJECT, useProject } from "@/shell/project";
import { Outcome, Wait } from "./Wait";

/** Name and retention, and the two ways to remove people's data for good. */
export function ProjectPart(): ReactNode {
  const asked = useQuery(projectQuery(useProject()));
  return (
    <Wait asked={asked}>
      {(project) => (
        <>
          <NameAndRetention key={`${project.name}|${project.retention_days}`} project={project} />
          <EraseUser />
          {project.id === DEFAULT_PROJECT ? null : <DeleteProject project={project} />}
        </>
      )}
    </Wait>
  );
}

function NameAndRetention({ project }: { project: Project }): ReactNode {
  const queryClient = useQueryClient();
  const [name, setName] = useState(project.name);
  const [days, setDays] = useState(project.retention_days?.toString() ?? "");
  const saving = useMutation({
    mutationFn: () =>
      changeProject(project.id, { name: name.trim(), retention_days: days.trim() === "" ? null : Number(days) }),
    onSuccess: async (saved) => {
      queryClient.setQueryData(projectQuery(project.id).queryKey, saved);
      await queryClient.invalidateQueries({ queryKey: ["projects"] });
    },
  });
  const isShorter = days.trim() !== "" && (project.retention_days === null || Number(days) < project.retention_days);
  function submit(event: FormEvent): void {
    event.preventDefault();
    saving.mutate();
  }
  return (
    <form className="panel form" onSubmit={submit} aria-labelledby="project-title">
      <h2 id="project-title">Project</h2>
      <p className="quiet">
        <code>{project.id}</code>, made {moment(project.created)}
      </p>
      <label htmlFor="project-name">Name</label>
      <input
        id="project-name"
        className="field"
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <label htmlFor="retention">Keep runs for how many days</label>
      <input
        id="retention"
        className="field"
        type="number"
        inputMode="numeric"
        min={1}
        max={36500}
        placeholder="for ever"
        value={days}
        onChange={(event) => setDays(event.target.value)}
        aria-describedby="retention-help"
      />
      <p id="retention-help" className={isShorter ? "tone-warn" : "quiet"}>
        {isShorter
          ? `Runs that were stored more than ${plural(Number(days), "day")} ago are removed at once, and cannot be brought back.`
          : "Counted from when a run was stored. Empty keeps runs for ever."}
      </p>
      <div className="form-row">
        <button type="submit" className="button button-primary" disabled={saving.isPending}>
          {saving.isPending ? "Saving…" : "Save"}
        </button>
        <Outcome error={saving.error} done={saving.isSuccess ? "Saved" : null} />
      </div>
    </form>
  );
}

function EraseUser(): ReactNode {
  const project = useProject();
  const queryClient = useQueryClient();
  const [user, setUser] = useState("");
  const [isAsking, setIsAsking] = useState(false);
  const erasing = useMutation({
    mutationFn: () => eraseUser(project, user.trim()),
    onSettled: () => {
      setIsAsking(false);
      return queryClient.invalidateQueries({ queryKey: [project] });
    },
  });
  const done = erasing.data ? `${plural(erasing.data.runs, "run")} erased` : null;
  return (
    <form
      className="panel form"
      onSubmit={(event) => {
        event.preventDefault();
        setIsAsking(true);
      }}
      aria-labelledby="erase-title"
    >
      <h2 id="erase-title">Erase an end user</h2>
      <p className="quiet">
        Removes every run in which this user took part from the disk. The audit log keeps a hash of the id.
      </p>
      <label htmlFor="user-id">User id, as your program sends it</label>
      <div className="form-row">
        <input
          id="user-id"
          className="field"
          required
          maxLength={1000}
          autoComplete="off"
          value={user}
          onChange={(event) => setUser(event.target.value)}
        />
        <button type="submit" className="button button-danger" disabled={user.trim() === "" || erasing.isPending}>
          Erase…
        </button>
      </div>
      <Outcome error={erasing.error} done={done} />
      {isAsking ? (
        <Dialog title={`Erase every run of ${user.trim()}?`} onClose={() => setIsAsking(false)}>
          <div className="form">
            <p>The runs leave the disk and every list, and cannot be brought back.</p>
            <div className="form-row">
              <button
                type="button"
                className="button button-danger"
                disabled={erasing.isPending}
                onClick={() => erasing.mutate()}
              >
                {erasing.isPending ? "Erasing…" : "Erase for good"}
              </button>
              <button type="button" className="button" onClick={() => setIsAsking(false)}>
                Keep
              </button>
            </div>
          </div>
        </Dialog>
      ) : null}
    </form>
  );
}

function DeleteProject({ project }: { project: Project }): ReactNode {
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const removal = useMutation({
    mutationFn: () => deleteProject(project.id),
    onSuccess: async () => {
      await navigate({ to: "/", search: { project: undefined } });
      queryClient.removeQueries({ queryKey: [project.id] });
      await queryClient.invalidateQueries({ queryKey: ["projects"] });
    },
  });
  return (
    <section className="panel form" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete this project</h2>
      <p className="quiet">Its runs, scores, lists and keys leave the disk. Its audit entries stay.</p>
      <label htmlFor="delete-confirm">
        Type <strong>{project.id}</strong> to confirm
      </label>
      <div className="form-row">
        <input
          id="delete-confirm"
          className="field"
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <button
          type="button"
          className="button button-danger"
          disabled={typed !== project.id || removal.isPending}
          onClick={() => removal.mutate()}
        >
          {removal.isPending ? "Deleting…" : "Delete"}
        </button>
      </div>
      <Outcome error={removal.error} done={null} />
    </section>
  );
}
