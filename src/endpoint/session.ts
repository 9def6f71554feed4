/** Requests of one run: proxies, certificate authorities, time limits, redirects, concurrency; each address is asked once. */
import type { Trouble } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import { VERSION } from "../base/version.ts";
import { codeOf } from "../base/errno.ts";
import { ANSWER_BYTES } from "../base/limits.ts";
import { quote } from "../base/text.ts";
import type { HttpRequest, HttpResponse, Judge, World } from "../world.ts";
import { readCertificate } from "./certificate.ts";
import { type Anchors, bestPath, bySubject, objectionTo } from "./path.ts";
import { cgiWarning, proxyFor, proxyHint } from "./proxy.ts";
import {
  type Attempt,
  certificateTrouble,
  isCertificate,
  isUntrusted,
  ofProxy,
  trouble,
  troubleOf,
} from "./trouble.ts";
import { derOf, type SystemStore, systemStore } from "./trust.ts";

/** Network options of the command line and the config. Times are in milliseconds. */
export interface SessionOptions {
  /** PEM certificates to trust in addition to the system's. */
  readonly authorities: readonly string[];
  /** Limit for each request; null: Singularity's, which depends on the request. */
  readonly timeout: number | null;
  /** Limit for all requests together. */
  readonly deadline: number;
  /** Limit of concurrent requests. */
  readonly parallel: number;
  /** Tells the user about what is not an error, a sentence without a full stop. */
  readonly warn: (message: string) => void;
}

/** What a session needs of the world. */
export type SessionWorld = Pick<World, "network" | "files" | "here" | "clock">;

/** Options of one request. */
export interface GetOptions {
  /** Limit in milliseconds without `--timeout`. */
  readonly timeout: number;
  /** The `Authorization` header; never sent to another host. */
  readonly authorization?: Secret;
  /** Whether http is allowed. */
  readonly insecure: boolean;
  /** Accept any certificate (a keyserver's `Insecure`). */
  readonly anyCertificate?: boolean;
}

/** An answer, or why there is none. */
export type Reply =
  | {
    readonly status: number;
    /** The media type without parameters. */
    readonly type: string;
    readonly text: string;
    /** The host that answered, after all redirects. */
    readonly host: string;
    /** `Retry-After`, as it was sent; null: it was not. */
    readonly retryAfter: string | null;
    /** When it was received, in milliseconds since 1970. */
    readonly now: number;
    readonly milliseconds: number;
  }
  | { readonly trouble: Trouble; readonly milliseconds: number };

/** The trusted authorities, and who judges certificates by them. */
interface Trust {
  readonly all: readonly string[];
  readonly judge: Judge;
  readonly anchors: () => Anchors;
}

/** As many as Go follows, which sends ten requests. */
const REDIRECTS = 9;

/** The requests of one run of a command. */
export class Session {
  private readonly answers = new Map<string, Promise<Reply>>();
  private readonly waiting: (() => void)[] = [];
  private flying = 0;
  private ends: number;
  private readonly warned = new Set<string>();
  private store: SystemStore | undefined;
  private trusted: Trust | undefined;

  constructor(private readonly world: SessionWorld, private readonly options: SessionOptions) {
    this.ends = world.clock.now() + options.deadline;
  }

  /** Forgets all answers and restarts the time limit for all requests. */
  forget(): void {
    this.answers.clear();
    this.ends = this.world.clock.now() + this.options.deadline;
  }

  /** Tells the user, once for each message. */
  warn(message: string): void {
    if (this.warned.has(message)) return;
    this.warned.add(message);
    this.options.warn(message);
  }

  /** GETs an address; the same request is sent once. Never throws because of what a server or the network does. */
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
      const { status, headers, body, host } = answer;
      return {
        status,
        type: (headers["content-type"] ?? "").replace(/;.*/s, "").trim(),
        // Not without its byte order mark: with one, the programs refuse JSON.
        text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body),
        host,
        retryAfter: headers["retry-after"] ?? null,
        now: clock.date(),
        milliseconds: took(),
      };
    } finally {
      // The next request in line takes this one's place.
      const next = this.waiting.shift();
      if (next === undefined) this.flying--;
      else next();
    }
  }

  /** Waits until fewer than `parallel` requests are in flight. */
  private async takeOff(): Promise<void> {
    if (this.flying < this.options.parallel) this.flying++;
    else await new Promise<void>((go) => this.waiting.push(go));
  }

  private async follow(
    address: string,
    options: GetOptions,
  ): Promise<HttpResponse & { readonly host: string } | Trouble> {
    let url = URL.parse(address);
    if (url === null) return trouble("malformed", `${quote(address)} is not an address`);
    for (let hops = 0;; hops++) {
      const refused = refuse(url, options);
      if (refused !== null) return refused;
      const answer = await this.once(url, options);
      if ("kind" in answer) return answer;
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined) {
        return { ...answer, host: url.host };
      }
      const next = URL.parse(location, url);
      const stopped = next === null
        ? trouble("redirect", `${url.host} redirects to an invalid address`, "Contact its administrator")
        : stop(url, next, options);
      if (stopped !== null) return stopped;
      if (hops >= REDIRECTS) {
        const message = `${url.host} redirects more than ${REDIRECTS} times`;
        return trouble("redirect", message, "Check the address, or contact its administrator");
      }
      url = next!;
    }
  }

  private async once(
    url: URL,
    { timeout, authorization, anyCertificate }: GetOptions,
  ): Promise<HttpResponse | Trouble> {
    const env = (name: string) => this.world.here.env(name);
    let proxy;
    try {
      proxy = proxyFor(url, env);
    } catch (error) {
      return trouble("proxy", (error as Error).message, "Correct the variable, or unset it");
    }
    const cgi = cgiWarning(url, env);
    if (cgi !== null) this.warn(cgi);
    const left = this.ends - this.world.clock.now();
    const wanted = this.options.timeout ?? timeout;
    const hint = proxy === null ? proxyHint(url, env) : null;
    const attempt: Attempt = { url, proxy, timeout: wanted, overall: left < wanted, hint };
    if (left <= 0) return troubleOf(Object.assign(new Error(), { code: "ETIMEDOUT" }), attempt);
    const secure = url.protocol === "https:" || proxy?.url.protocol === "https:";
    const { all, judge } = secure ? this.trust() : NOBODY;
    const trust = anyCertificate ? null : all;
    if (trust?.length === 0 && secure) {
      return trouble(
        "certificate",
        "this system has no certificate store",
        "Install ca-certificates, or give the certificate of an authority with --cacert FILE",
      );
    }
    const request: HttpRequest = {
      url,
      headers: {
        "user-agent": `sremote/${VERSION}`,
        accept: "application/json",
        ...(authorization === undefined ? {} : { authorization: authorization.reveal() }),
      },
      proxy: proxy?.url ?? null,
      trust,
      judge,
      timeout: Math.min(wanted, left),
      limit: ANSWER_BYTES,
    };
    try {
      const answer = await this.world.network.get(request);
      // Over a tunnel, the proxy has said so before.
      const isOfProxy = answer.status === 407 && url.protocol === "http:" &&
        /^https?:$/.test(proxy?.url.protocol ?? "");
      return isOfProxy
        ? troubleOf(Object.assign(new Error(), { code: "EPROXY", status: 407 }), attempt)
        : answer;
    } catch (error) {
      if (!isCertificate(error)) return troubleOf(error, attempt);
      if (isUntrusted(error) && this.trustMore()) {
        // Nothing has been sent yet.
        return await this.once(url, { timeout, authorization, anyCertificate } as GetOptions);
      }
      const code = codeOf(error) ?? "";
      if (proxy === null || !ofProxy(error)) return await this.ofCertificate(request, code);
      const { message, next } = await this.ofCertificate({ ...request, url: proxy.url, proxy: null }, code);
      return trouble("proxy", `cannot use the proxy of ${proxy.variable}: ${message}`, next);
    }
  }

  private async ofCertificate(request: HttpRequest, code: string): Promise<Trouble> {
    const { network } = this.world;
    const chain = (await network.certificatesOf(request)).map(readCertificate);
    const [own = null, ...sent] = chain;
    const path = own === null
      ? null
      : bestPath(own, sent.filter((one) => one !== null), this.trust().anchors());
    return certificateTrouble({
      url: request.url,
      code,
      path,
      isAlone: sent.length === 0,
      anchors: this.trust().anchors(),
      store: this.store?.file ?? null,
    });
  }

  /** Read with the first https request: the store is a file of 200 KB. */
  private trust(): Trust {
    if (this.trusted === undefined) {
      const warn = (message: string) => this.warn(message);
      this.store = systemStore(this.world, warn);
      this.trusted = this.trusting([...this.store.certificates, ...this.options.authorities]);
    }
    return this.trusted;
  }

  /** Trusts the authorities of the system's directories too. @returns whether there are more of them */
  private trustMore(): boolean {
    const more = this.store?.more() ?? [];
    if (more.length === 0 || this.store === undefined) return false;
    this.trusted = this.trusting([...this.trust().all, ...more]);
    this.store = { ...this.store, more: () => [] };
    return true;
  }

  private trusting(certificates: readonly string[]): Trust {
    const unusable = new Set(this.world.network.unusable(certificates));
    for (const at of unusable) {
      const name = readCertificate(derOf(certificates[at]!))?.subject.text ?? "without a name";
      this.warn(`skipped the CA certificate “${name}”: the TLS library cannot use it`);
    }
    const all = unusable.size === 0 ? certificates : certificates.filter((_, at) => !unusable.has(at));
    const { network, clock } = this.world;
    let trusted: Anchors["bySubject"] | undefined;
    const anchors = (): Anchors => ({
      // Read only once a certificate is to be judged.
      bySubject: trusted ??= bySubject(all.map((one) => readCertificate(derOf(one)))),
      signed: (certificate, issuer) => network.signed(certificate.der, issuer.der),
      now: clock.date(),
    });
    return { all, anchors, judge: (host, chain) => objectionTo(host, chain, anchors) };
  }
}

const NOBODY: Pick<Trust, "all" | "judge"> = { all: [], judge: () => "ERR_TLS_CERT_UNREADABLE" };

/** Why an address is not requested; null: it is. */
function refuse(url: URL, { insecure, authorization }: GetOptions): Trouble | null {
  if (url.username !== "" || url.password !== "") {
    return trouble(
      "malformed",
      `the address of ${url.host} contains credentials`,
      "Contact its administrator",
    );
  }
  if (url.protocol === "https:" || url.protocol === "http:" && insecure) return null;
  return url.protocol === "http:"
    ? trouble(
      "insecure",
      authorization === undefined
        ? `${url.host} is named over http, and this remote uses https`
        : `${url.host} is named over http; an API key is sent only over https`,
      "Contact the administrator of the endpoint: it should name its services over https",
    )
    : trouble("malformed", `${url.protocol}//${url.host} is not an https or http address`);
}

/**
 * Why a redirect is not followed; null: it is. A request without a token follows wherever the programs do, except from https
 * to http: whoever is in between could then name the services. A token stays on its host, or goes from http to https there.
 */
function stop(from: URL, to: URL, { authorization, insecure }: GetOptions): Trouble | null {
  const downgrade = from.protocol === "https:" && to.protocol === "http:";
  if (authorization === undefined) {
    if (to.protocol === "https:" || to.protocol === "http:" && insecure) return null;
    if (!downgrade) {
      const message = `${from.host} redirects to ${shown(to)}, which is not an https address`;
      return trouble("redirect", message, "Check the address, or contact its administrator");
    }
    return trouble(
      "redirect",
      `${from.host} redirects to ${shown(to)}, and http is not followed: this remote uses https`,
      from.hostname === to.hostname
        ? "Contact its administrator: it should answer over https, and not redirect to http"
        : `If it has moved, change the address of the remote to https://${to.host}; else contact its administrator`,
    );
  }
  const upgrade = from.protocol === "http:" && to.protocol === "https:" && from.hostname === to.hostname &&
    from.port === "" && to.port === "";
  if (from.origin === to.origin || upgrade) return null;
  // A server that received a token can put it into the address, encoded in its own way: the address is not shown.
  return downgrade
    ? trouble(
      "redirect",
      `${from.host} redirects to http, over which this token is never sent`,
      "Contact its administrator: it should answer over https, and not redirect to http",
    )
    : trouble(
      "redirect",
      `${from.host} redirects to another host, to which a token is never sent`,
      "Contact its administrator: discovery should name the host that answers",
    );
}

function shown({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}
