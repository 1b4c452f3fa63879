/** What the use of models is added up by. */
export const USAGE_BY = ["model", "key", "agent", "user", "run", "connection"] as const;
export type UsageBy = (typeof USAGE_BY)[number];
