import { describe, expect, it, vi } from "vitest";
import { loadConfig } from "./config";
import { HttpApi } from "./http";
import { ApiError } from "./problems";

function apiThat(answer: () => Response | Promise<Response>) {
  const fetchFn = vi.fn<typeof fetch>(() => Promise.resolve(answer()));
  return { api: new HttpApi("https://api", fetchFn), fetchFn };
}

async function failure(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  if (!(error instanceof ApiError)) throw new Error("expected an ApiError");
  return error;
}

describe("calls", () => {
  it("creates a job with an idempotency key", async () => {
    const { api, fetchFn } = apiThat(() => Response.json({ jobId: "j1" }, { status: 201 }));
    const job = { filename: "a.webm", contentType: "video/webm", sizeBytes: 3, dive: "107B" };
    await expect(api.createJob(job, "key-1")).resolves.toEqual({ jobId: "j1" });
    const [url, init] = fetchFn.mock.calls[0] ?? [];
    const headers = new Headers(init?.headers);
    expect(url).toBe("https://api/jobs");
    expect(init?.method).toBe("POST");
    expect(headers.get("idempotency-key")).toBe("key-1");
    expect(headers.get("authorization")).toBeNull();
    expect(JSON.parse(String(init?.body))).toEqual(job);
  });

  it("carries the token in a header, never in the address", async () => {
    const { api, fetchFn } = apiThat(() => Response.json({ job: {}, live: { url: "" } }));
    await api.getJob("j1", "secret");
    const [url, init] = fetchFn.mock.calls[0] ?? [];
    expect(String(url)).not.toContain("secret");
    expect(new Headers(init?.headers).get("authorization")).toBe("Bearer secret");
  });

  it("corrects and marks a dive", async () => {
    const { api, fetchFn } = apiThat(() => Response.json({ job: {} }));
    await api.amend("j/1", "t", { dive: null });
    await api.mark("j/1", "t", { execution: 25.5, consent: true });
    const calls = fetchFn.mock.calls.map(([url, init]) => [init?.method, url, JSON.parse(String(init?.body))]);
    expect(calls).toEqual([
      ["PATCH", "https://api/jobs/j%2F1", { dive: null }],
      ["PUT", "https://api/jobs/j%2F1/marks", { execution: 25.5, consent: true }],
    ]);
  });

  it("asks for a shared token that may see the video only where wanted", async () => {
    const { api, fetchFn } = apiThat(() => Response.json({ token: "t", url: "u" }));
    await api.share("j1", "t", true);
    await api.share("j1", "t", false);
    const bodies = fetchFn.mock.calls.map(([, init]): unknown => JSON.parse(String(init?.body)));
    expect(bodies).toEqual([{ scopes: ["read", "video"] }, { scopes: ["read"] }]);
  });
});

describe("failures", () => {
  it("keep the server's code and sentence", async () => {
    const { api } = apiThat(() => Response.json({ error: { code: "TOKEN_EXPIRED", message: "Expired." } }, { status: 401 }));
    expect(await failure(api.getJob("j", "t"))).toMatchObject({ code: "TOKEN_EXPIRED", message: "Expired.", refused: true });
  });

  it("know when to try again", async () => {
    const { api } = apiThat(() =>
      Response.json({ error: { code: "RATE_LIMITED", message: "Slow." } }, { status: 429, headers: { "retry-after": "30" } }),
    );
    expect(await failure(api.erase("j", "t"))).toMatchObject({ retryAfter: 30, temporary: true, refused: false });
  });

  it.each([
    [429, "RATE_LIMITED"],
    [502, "UNAVAILABLE"],
    [400, "REFUSED"],
  ])("of a gateway (%i, its own form) get a code too", async (status, code) => {
    const { api } = apiThat(() => new Response("<html>", { status }));
    expect((await failure(api.playback("j", "t"))).code).toBe(code);
  });

  it("of the network are told as such", async () => {
    const { api } = apiThat(() => Promise.reject(new TypeError("Failed to fetch")));
    expect(await failure(api.getJob("j", "t"))).toMatchObject({ code: "NETWORK", status: 0, temporary: true });
  });
});

describe("the configuration", () => {
  it("names the API and the largest video", async () => {
    const held = { api: "https://api/", maxUploadBytes: 209_715_200 };
    const config = loadConfig(() => Promise.resolve(Response.json(held)));
    await expect(config).resolves.toEqual({ api: "https://api", maxUploadBytes: 209_715_200, clockAhead: 0 });
  });

  it.each([
    Response.json({}),
    Response.json({ api: "https://api/" }),
    Response.json({ api: "https://api/", maxUploadBytes: "209715200" }),
    Response.json(null),
    new Response("", { status: 404 }),
  ])("is missed in words", async (answer) => {
    await expect(loadConfig(() => Promise.resolve(answer))).rejects.toThrow("config.json");
  });
});
