/** Where the network steps of a plan go: to the endpoints that the plan names, and nowhere else. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { refuses } from "../../tests/refuses.ts";
import { tokenPage } from "../endpoint/client.ts";
import { Session } from "../endpoint/session.ts";
import type { Endpoint, NetworkStep, Plan } from "../model.ts";
import type { HttpRequest, World } from "../world.ts";
import { diff } from "./diff.ts";
import { lookAt } from "./look.ts";
import { performNetwork } from "./steps.ts";
import { anyState, config, file, found, stored, use, wanted } from "./testing.ts";
import { watched } from "./watched.ts";

const CA = readFileSync(new URL("../../tests/tls/ca.pem", import.meta.url));
const SERVICES = ["library", "keystore", "token"];
const JSON_TYPE = { "content-type": "application/json" };

interface Asked {
  readonly origin: string;
  readonly authorization: string | null;
}

/** A world whose endpoints have all services at their own origin, and record each request; a variable is its own value. */
function recording(down: ReadonlySet<string> = new Set()) {
  const asked: Asked[] = [];
  const get = ({ url, headers }: HttpRequest) => {
    asked.push({ origin: url.origin, authorization: headers.authorization ?? null });
    const services = Object.fromEntries(
      SERVICES.map((one) => [`${one}API`, { uri: `${url.origin}/${one}` }]),
    );
    const document = url.pathname.endsWith("/config.prod.json")
      ? services
      : { data: { version: "v1" }, version: "v1" };
    const body = new TextEncoder().encode(JSON.stringify(document));
    return Promise.resolve({ status: down.has(url.origin) ? 503 : 200, headers: JSON_TYPE, body });
  };
  const world = {
    clock: { now: () => 0, date: () => 0, sleep: () => Promise.resolve() },
    here: { env: (name: string) => name.startsWith("token-") ? name : undefined },
    files: { read: () => ({ bytes: CA, mode: 0o644, uid: 0, gid: 0 }) },
    network: { get, unusable: () => [] },
  } as unknown as World;
  const session = new Session(world, {
    authorities: [],
    timeout: null,
    deadline: 60_000,
    parallel: 4,
    warn: () => {},
  });
  return { world, session, asked };
}

const sources = { folder: "/", root: null, allowCommand: false, ask: null };

function originOf({ uri, insecure }: Endpoint): string {
  return new URL(`${insecure ? "http" : "https"}://${uri}`).origin;
}

function networkSteps(plan: Plan): readonly NetworkStep[] {
  return plan.steps.filter((step): step is NetworkStep =>
    step.kind === "check-services" || step.kind === "verify-token"
  );
}

/** The origins that apply asks, and where it sends which token. */
async function performed(plan: Plan) {
  const { world, session, asked } = recording();
  await performNetwork(world, [plan], { session, sources: () => sources });
  return {
    origins: new Set(asked.map((one) => one.origin)),
    sent: new Set(
      asked.flatMap((one) =>
        one.authorization === null ? [] : [`${one.origin} ${one.authorization.replace(/^bearer /i, "")}`]
      ),
    ),
  };
}

Deno.test("network steps: for any state, apply asks the endpoints that the plan names, and sends each token only there", async () => {
  let requests = 0;
  await fc.assert(
    fc.asyncProperty(anyState, async ({ desired, observed }) => {
      const made = diff(desired, observed);
      // Each remote has its own token.
      const own = made.steps.map((step) =>
        step.kind === "verify-token" ? { ...step, from: { env: `token-${encodeURI(step.remote)}` } } : step
      );
      // As read from plan.json: nothing but plain data decides.
      const plan: Plan = JSON.parse(JSON.stringify({ ...made, steps: own }));
      const steps = networkSteps(plan);
      for (const one of steps) {
        // The services are checked where the token goes.
        assert.deepEqual(one.endpoint, steps.find(({ remote }) => remote === one.remote)!.endpoint);
      }
      const { origins, sent } = await performed(plan);
      requests += origins.size;
      assert.deepEqual(origins, new Set(steps.map((one) => originOf(one.endpoint))));
      assert.deepEqual(
        sent,
        new Set(
          steps.flatMap((one) =>
            one.kind === "verify-token" ? [`${originOf(one.endpoint)} token-${encodeURI(one.remote)}`] : []
          ),
        ),
      );
    }),
    { numRuns: 1_000 },
  );
  assert.ok(requests > 300, `the states are too tame: ${requests}`);
});

Deno.test("network steps: what plan checked is what apply asks, whichever files have the name", async () => {
  const login = { env: "token-lab" };
  const check = ["library"] as const;
  const states = ["absent", "own", "managed", "copy"] as const;
  for (const runtime of ["singularity", "apptainer"] as const) {
    for (const scope of ["user", "global"] as const) {
      for (const inUser of states) {
        for (const inGlobal of [true, false]) {
          const desired = config(
            { [scope]: [wanted("lab", { uri: "config.example.com", login, check })] },
            { default: { user: use("lab") } },
          );
          const user = file(
            inUser === "absent"
              ? []
              : [stored("lab", { uri: "user.example.com", system: inUser === "copy" })],
          );
          const global = file(inGlobal ? [stored("lab", { uri: "global.example.com" })] : []);
          const observed = found(user, {
            runtime,
            other: global,
            ours: inUser === "managed" ? ["lab"] : [],
          });
          const plan = diff(desired, observed);
          const about = `${runtime} ${scope} ${inUser} ${inGlobal}`;

          const looking = recording();
          const session = () => Promise.resolve(looking.session);
          await lookAt(looking.world, watched(desired, observed), {
            session,
            sources,
            horizon: { now: 0, days: 7 },
          });
          const checked = new Set(looking.asked.map((one) => one.origin));
          const checks = { ...plan, steps: plan.steps.filter((one) => one.kind === "check-services") };
          assert.equal(checked.size, 1, about);
          assert.deepEqual((await performed(checks)).origins, checked, about);

          const named = new Set(networkSteps(plan).map((one) => originOf(one.endpoint)));
          assert.equal(named.size, 1, about);
          assert.deepEqual((await performed(plan)).origins, named, about);
        }
      }
    }
  }
});

Deno.test("network steps: a failed check ends them before any token is read or sent", async () => {
  const plan = diff(
    config({
      user: [
        wanted("a", { check: ["library"] }),
        wanted("b", { login: { prompt: true } }),
      ],
    }),
    found(file([])),
  );
  const { world, session, asked } = recording(new Set(["https://a.example.com"]));
  const ask = () => assert.fail("nobody is asked");
  await refuses(
    "check-failed",
    () => performNetwork(world, [plan], { session, sources: () => ({ ...sources, ask }) }),
  );
  assert.ok(asked.length > 0 && asked.every((one) => one.origin === "https://a.example.com"));
});

Deno.test("network steps: a prompt is about the step's endpoint, and asks once for two plans", async () => {
  const desired = config({ global: [wanted("g", { uri: "config.example.com", login: { prompt: true } })] });
  const plan = (uri: string) => diff(desired, found(file([]), { other: file([stored("g", { uri })]) }));
  const { world, session, asked } = recording();
  const pages: string[] = [];
  const tokens = await performNetwork(world, [plan("one.example.com"), plan("two.example.com")], {
    session,
    sources: (_remote, endpoint) => ({
      ...sources,
      ask: () => {
        pages.push(tokenPage(endpoint));
        return Promise.resolve("token-of-g");
      },
    }),
  });
  assert.deepEqual(pages, ["https://one.example.com/auth/tokens"]);
  assert.equal(tokens.get("g")?.reveal(), "token-of-g");
  assert.deepEqual(
    new Set(asked.filter((one) => one.authorization !== null).map((one) => one.origin)),
    new Set(["https://one.example.com", "https://two.example.com"]),
  );
});
