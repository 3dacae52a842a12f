/* Login page: asks for the token. What is typed goes to the server once and is forgotten here. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { logIn } from "./access.ts";
import { BrandMark } from "./parts.tsx";
import { ApiError } from "./server-api.ts";

/** The page. */
export function LoginPage(): JSX.Element {
  const [problem, setProblem] = useState("");
  const [isAsking, setIsAsking] = useState(false);
  const submit = async (form: HTMLFormElement): Promise<void> => {
    const token = new FormData(form).get("token");
    setIsAsking(true);
    setProblem("");
    try {
      await logIn(typeof token === "string" ? token : "");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(
        error.status === 401 || error.status === 403
          ? "This is not a token of this server."
          : error.message,
      );
      form.reset();
      form.querySelector("input")?.focus();
    } finally {
      setIsAsking(false);
    }
  };
  return (
    <div class="login">
      <h1 class="brand">
        <BrandMark />
        Homemaker
      </h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <label class="field">
          <span>Token</span>
          <input
            name="token"
            type="password"
            autoComplete="current-password"
            required
            aria-invalid={problem !== ""}
            aria-describedby="login-problem"
          />
        </label>
        <p id="login-problem" class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="is-main" disabled={isAsking}>
          Log in
        </button>
      </form>
      <p class="nothing">
        The server was started with <code>--http-token</code> or <code>--http-read-token</code>.
      </p>
    </div>
  );
}
