import createClient, { type Middleware } from "openapi-fetch";
import { DEFAULT_PROJECT } from "./defaults";
import type { Problem, paths } from "./schema";

/** Where the application is mounted: the server writes it into the page's <base>. Without a slash at the end. */
export const MOUNT = new URL(document.baseURI).pathname.replace(/\/$/, "");

/** What the server refused or failed to do, in its own words. */
export class ApiError extends Error {
  readonly status: number;
  readonly where: string | null;

  constructor(status: number, message: string, where: string | null = null) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.where = where;
  }
}

let csrfToken: string | null = null;

/** Remembers the token that goes with the session cookie, to be sent with everything that changes something. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** The token, for the requests that do not go through the client: those to the gateway. */
export function csrfHeaders(): Record<string, string> {
  return csrfToken === null ? {} : { "X-CSRF-Token": csrfToken };
}

const csrf: Middleware = {
  onRequest({ request }) {
    if (csrfToken !== null && request.method !== "GET") request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  },
};

export const client = createClient<paths>({ baseUrl: MOUNT, credentials: "same-origin" });
client.use(csrf);

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer, or an ApiError that says what the server said. */
export async function data<T>(answer: Promise<Answer<T>>): Promise<T> {
  const {
    data: body,
    error,
    response,
  } = await answer.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "The server does not answer. Is `masthead up` still running?");
  });
  if (response.ok) return body as T;
  const problem = error as Partial<Problem> | undefined;
  const message = problem?.detail ?? `The server answered ${response.status} ${response.statusText}`.trim();
  throw new ApiError(response.status, message, problem?.where ?? null);
}

/**
 * The header that names the project; a key that belongs to another one is refused by the server. The default project
 * needs none: without it the server takes a key's own.
 */
export function inProject(project: string): Record<string, string> {
  return project === DEFAULT_PROJECT ? {} : { "X-Masthead-Project": project };
}
