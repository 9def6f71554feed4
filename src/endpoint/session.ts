/** The one module that opens connections: proxies, authorities, time, redirects, how many at once, each answer once. */
import type { Trouble } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import { VERSION } from "../base/version.ts";
import { codeOf } from "../base/errno.ts";
import type { HttpResponse, World } from "../world.ts";
import { proxyFor } from "./proxy.ts";
import { certificateTrouble, isCertificate, trouble, troubleOf } from "./trouble.ts";
import { systemStore } from "./trust.ts";

/** What the command line and the config say of the network. Times in milliseconds. */
export interface SessionOptions {
  /** PEM certificates to trust beside the system's. */
  readonly authorities: readonly string[];
  /** For each request; null: as Singularity has it for each kind. */
  readonly timeout: number | null;
  /** For all requests together. */
  readonly deadline: number;
  /** Requests in flight at most. */
  readonly parallel: number;
}

/** What the sessions of one world are made of. */
export type SessionWorld = Pick<World, "network" | "files" | "here" | "clock">;

/** How one request is sent. */
export interface GetOptions {
  /** Milliseconds, where `--timeout` says nothing. */
  readonly timeout: number;
  /** The `Authorization` header; it is never sent to another host. */
  readonly authorization?: Secret;
  /** Whether http will do. */
  readonly insecure: boolean;
  /** The certificate is not looked at (a keyserver's `Insecure`). */
  readonly anyCertificate?: boolean;
}

/** An answer, or why there is none. */
export type Reply =
  | { readonly status: number; readonly type: string; readonly text: string; readonly milliseconds: number }
  | { readonly trouble: Trouble; readonly milliseconds: number };

const BODY_LIMIT = 1024 * 1024;
const REDIRECTS = 5;

/** Requests that belong to one run of a command. */
export class Session {
  private readonly answers = new Map<string, Promise<Reply>>();
  private readonly waiting: (() => void)[] = [];
  private flying = 0;
  private ends: number;
  private trusted: { readonly all: readonly string[]; readonly store: string | null } | undefined;

  constructor(private readonly world: SessionWorld, private readonly options: SessionOptions) {
    this.ends = world.clock.now() + options.deadline;
  }

  /** Forgets the answers: from here on everything is asked anew, and the time for all of it begins again. */
  forget(): void {
    this.answers.clear();
    this.ends = this.world.clock.now() + this.options.deadline;
  }

  /** GETs an address. The same request is sent once. Never throws for what a server or the network does. */
  get(address: string, options: GetOptions): Promise<Reply> {
    const { authorization, insecure, anyCertificate } = options;
    const key = JSON.stringify([address, authorization?.reveal(), insecure, anyCertificate]);
    let reply = this.answers.get(key);
    if (reply === undefined) {
      reply = this.send(address, options);
      this.answers.set(key, reply);
    }
    return reply;
  }

  private async send(address: string, options: GetOptions): Promise<Reply> {
    await this.takeOff();
    const { clock } = this.world;
    const from = clock.now();
    const took = () => Math.round(clock.now() - from);
    try {
      const answer = await this.follow(address, options);
      if ("kind" in answer) return { trouble: answer, milliseconds: took() };
      const { status, headers, body } = answer;
      return {
        status,
        type: (headers["content-type"] ?? "").replace(/;.*/s, "").trim(),
        text: new TextDecoder().decode(body),
        milliseconds: took(),
      };
    } finally {
      // Who waits takes this one's place.
      const next = this.waiting.shift();
      if (next === undefined) this.flying--;
      else next();
    }
  }

  /** Waits until fewer than `parallel` are in flight. */
  private async takeOff(): Promise<void> {
    if (this.flying < this.options.parallel) this.flying++;
    else await new Promise<void>((go) => this.waiting.push(go));
  }

  private async follow(address: string, options: GetOptions): Promise<HttpResponse | Trouble> {
    let url = URL.parse(address);
    if (url === null) return trouble("malformed", `${JSON.stringify(address)} is not an address`);
    for (let hops = 0;; hops++) {
      const refused = refuse(url, options);
      if (refused !== null) return refused;
      const answer = await this.once(url, options);
      if ("kind" in answer) return answer;
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined) {
        return answer;
      }
      const next = URL.parse(location, url);
      const stopped = next === null
        ? trouble("redirect", `${url.host} redirects to what is no address`)
        : stop(url, next, options);
      if (stopped !== null) return stopped;
      if (hops >= REDIRECTS) return trouble("redirect", `${url.host} redirects more than ${REDIRECTS} times`);
      url = next!;
    }
  }

  private async once(
    url: URL,
    { timeout, authorization, anyCertificate }: GetOptions,
  ): Promise<HttpResponse | Trouble> {
    let proxy;
    try {
      proxy = proxyFor(url, (name) => this.world.here.env(name));
    } catch (error) {
      return trouble("proxy", (error as Error).message, "correct the variable, or unset it");
    }
    const left = this.ends - this.world.clock.now();
    const wanted = this.options.timeout ?? timeout;
    const attempt = { url, proxy, timeout: wanted, overall: left < wanted };
    if (left <= 0) return troubleOf(Object.assign(new Error(), { code: "ETIMEDOUT" }), attempt);
    const trust = anyCertificate ? null : url.protocol === "http:" ? NOBODY : this.trust().all;
    if (trust?.length === 0 && url.protocol === "https:") {
      return trouble(
        "certificate",
        "this system has no certificate store",
        "install ca-certificates, or give an authority's certificate with --cacert FILE",
      );
    }
    const request = {
      url,
      headers: {
        "user-agent": `sremote/${VERSION}`,
        accept: "application/json",
        ...(authorization === undefined ? {} : { authorization: authorization.reveal() }),
      },
      proxy: proxy?.url ?? null,
      trust,
      timeout: Math.min(wanted, left),
      limit: BODY_LIMIT,
    };
    try {
      return await this.world.network.get(request);
    } catch (error) {
      if (!isCertificate(error)) return troubleOf(error, attempt);
      const seen = await this.world.network.certificateOf(request);
      return certificateTrouble({
        host: url.host,
        code: codeOf(error) ?? "",
        issuer: seen?.issuer ?? null,
        names: seen?.names ?? [],
        until: seen?.until ?? null,
        store: this.trust().store,
      });
    }
  }

  /** Read when the first https address is asked: the store is a file of 200 KB. */
  private trust(): { readonly all: readonly string[]; readonly store: string | null } {
    if (this.trusted === undefined) {
      const { file, certificates } = systemStore(this.world);
      this.trusted = { all: [...certificates, ...this.options.authorities], store: file };
    }
    return this.trusted;
  }
}

const NOBODY: readonly string[] = [];

/** Addresses that are not asked at all. */
function refuse(url: URL, { insecure }: GetOptions): Trouble | null {
  if (url.username !== "" || url.password !== "") {
    return trouble("malformed", `the address of ${url.host} carries credentials`);
  }
  if (url.protocol === "https:" || url.protocol === "http:" && insecure) return null;
  return url.protocol === "http:"
    ? trouble(
      "insecure",
      `${url.host} is to be asked over http, where https is due`,
      "serve it over https; if that is meant, the remote is --insecure",
    )
    : trouble("malformed", `${url.protocol}//${url.host} is neither https nor http`);
}

/** Redirects that are not followed. */
function stop(from: URL, to: URL, { authorization }: GetOptions): Trouble | null {
  // A server that was sent a token can put it into the address, in a spelling of its own.
  const where = authorization === undefined ? `${to.protocol}//${to.host}` : "another address";
  if (from.protocol !== "https:" || to.protocol !== "https:") {
    return trouble(
      "redirect",
      `${from.host} redirects to ${where}, and redirects are followed within https alone`,
    );
  }
  if (authorization === undefined || from.host === to.host) return null;
  return trouble("redirect", `${from.host} redirects to another host, and a token is never sent there`);
}
