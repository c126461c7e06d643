/** What a job token says of itself. The page only reads it; whether it holds is for the server to say. */
export interface TokenClaims {
  jobId: string;
  scopes: string[];
}

/** The claims of a job token, or null when it is none. */
export function readToken(token: string): TokenClaims | null {
  try {
    const payload = token.split(".")[1] ?? "";
    const claims: unknown = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
    if (typeof claims !== "object" || claims === null || !("sub" in claims) || typeof claims.sub !== "string") return null;
    const scope: unknown = "scope" in claims ? claims.scope : "scopes" in claims ? claims.scopes : "";
    const scopes = Array.isArray(scope) ? scope.map(String) : String(scope).split(" ");
    return { jobId: claims.sub, scopes };
  } catch {
    return null;
  }
}

/** The token of a share link's fragment (`#share=…`), or null. */
export function sharedToken(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, "")).get("share");
  return token === null || token === "" ? null : token;
}
