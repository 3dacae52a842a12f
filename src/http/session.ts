/* Session: the routes by which a browser learns who it is, and becomes somebody by a token. */
import { VERSION } from "../version.ts";
import type { Grant } from "../protocol/rights.ts";
import type { Access } from "./access.ts";
import type { SessionAnswer } from "./api.ts";
import { stringField } from "./fields.ts";
import type { Call, Route } from "./handler.ts";
import { MANAGE } from "./rights.ts";

/** The routes of the session. */
export function sessionRoutes(access: Access): readonly Route[] {
  const answer = (role: SessionAnswer["role"], grant?: Grant): SessionAnswer => ({
    role,
    needsToken: access.needsToken,
    version: VERSION,
    manages: grant?.patternsOf(MANAGE),
  });
  return [
    {
      method: "GET",
      path: "/api/v1/session",
      needs: "nothing",
      handler: ({ role, grant }) => ({ json: answer(role, grant) }),
    },
    {
      method: "POST",
      path: "/api/v1/login",
      needs: "nothing",
      handler: async (call) => {
        const token = stringField(call.body, "token");
        const { role, grant, cookie } = await access.login(token, call.peer, isSecure(call));
        return { json: answer(role, grant), headers: { "set-cookie": cookie } };
      },
    },
    {
      method: "POST",
      path: "/api/v1/logout",
      needs: "nothing",
      handler: (call) => {
        const cookie = access.logout(call.header("cookie"), isSecure(call));
        return { json: answer(null), headers: { "set-cookie": cookie } };
      },
    },
  ];
}

/** Whether the browser came by TLS, which something in front of this server ended. */
function isSecure(call: Call): boolean {
  return (call.header("origin") ?? "").startsWith("https:");
}
