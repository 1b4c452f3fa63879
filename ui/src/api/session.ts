import { useMutation, useQueryClient } from "@tanstack/react-query";
import { client, data, setCsrfToken } from "./client";

/** Exchanges a key for a session cookie, then asks everything anew. */
export function useLogin() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (key: string) => data(client.POST("/api/v1/session", { body: { key } })),
    onSuccess: async (caller) => {
      setCsrfToken(caller.csrf_token);
      await queryClient.resetQueries();
    },
  });
}
