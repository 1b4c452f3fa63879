import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { ApiError, setCsrfToken } from "@/api/client";
import { me } from "@/api/queries";
import { Icon } from "@/design/icons";
import { useKeys } from "./keys";
import { Login } from "./Login";
import { Logo } from "./Logo";
import { ProjectMenu } from "./ProjectMenu";
import { Shortcuts } from "./Shortcuts";
import { ThemeButton } from "./ThemeButton";

/** The frame of every page: where one is, and the way to everywhere else. */
export function Shell(): ReactNode {
  const caller = useQuery(me());
  const navigate = useNavigate();
  const shortcuts = useRef<HTMLDialogElement>(null);
  const token = caller.data?.csrf_token ?? null;
  useEffect(() => setCsrfToken(token), [token]);
  useKeys({ "?": () => shortcuts.current?.showModal(), g: () => void navigate({ to: "/" }) });

  if (caller.error instanceof ApiError && caller.error.status === 401) return <Login />;
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <nav className="side" aria-label="Main">
        <Link to="/" className="brand" aria-label="Masthead: all runs">
          <Logo />
          <span className="side-label">Masthead</span>
        </Link>
        <ProjectMenu />
        <div className="side-items">
          <Link to="/" className="side-item" aria-label="Runs" activeOptions={{ exact: true, includeSearch: false }}>
            <Icon name="list" />
            <span className="side-label">Runs</span>
          </Link>
          <Link to="/overview" className="side-item" aria-label="Overview" activeOptions={{ includeSearch: false }}>
            <Icon name="chart" />
            <span className="side-label">Overview</span>
          </Link>
        </div>
        <div className="side-foot">
          <button
            type="button"
            className="side-item"
            onClick={() => shortcuts.current?.showModal()}
            aria-label="Keyboard shortcuts"
          >
            <Icon name="code" />
            <span className="side-label">Shortcuts</span>
            <kbd className="kbd side-label">?</kbd>
          </button>
          <ThemeButton />
        </div>
      </nav>
      <main id="main" className="main" tabIndex={-1}>
        <Outlet />
      </main>
      <Shortcuts ref={shortcuts} />
    </div>
  );
}
