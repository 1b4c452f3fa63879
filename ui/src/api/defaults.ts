/** The project that every installation has. */
export const DEFAULT_PROJECT = "default";
