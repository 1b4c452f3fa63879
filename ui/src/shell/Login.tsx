import { type FormEvent, type ReactNode, useState } from "react";
import { useLogin } from "@/api/session";
import { Logo } from "./Logo";

/** Asks for a key. The server keeps it in a cookie that no script can read; this page forgets it. */
export function Login(): ReactNode {
  const [key, setKey] = useState("");
  const login = useLogin();
  function submit(event: FormEvent): void {
    event.preventDefault();
    login.mutate(key.trim());
  }
  return (
    <main className="login">
      <form className="panel login-card" onSubmit={submit}>
        <h1>
          <Logo /> Masthead
        </h1>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          className="field"
          type="password"
          autoComplete="current-password"
          required
          value={key}
          onChange={(event) => setKey(event.target.value)}
          aria-describedby="key-help"
        />
        {login.error ? (
          <p className="login-error" role="alert">
            {login.error.message}
          </p>
        ) : null}
        <button type="submit" className="button button-primary" disabled={login.isPending}>
          Log in
        </button>
        <p id="key-help" className="quiet">
          No key yet? On the server: <code>masthead key create --role viewer</code>
        </p>
      </form>
    </main>
  );
}
