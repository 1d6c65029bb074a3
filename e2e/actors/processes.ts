import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A process of Parley, as `npm start` runs it. */
export class Service {
  readonly name: 'sandbox' | 'api' | 'bot';
  readonly url: string;
  readonly #variables: Record<string, string>;
  readonly #lines: string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(name: Service['name'], url: string, variables: Record<string, string>) {
    this.name = name;
    this.url = url;
    this.#variables = variables;
  }

  /** What it wrote, the last lines only. */
  get lastWords(): readonly string[] {
    return this.#lines.map((line) => `${this.name}: ${line}`);
  }

  /** What it logged as an error or worse. */
  get errors(): readonly string[] {
    return this.lastWords.filter((line) => /"level":[56]0/.test(line));
  }

  /**
   * @param settings beyond its own, for this life of it
   * @throws when it ends by itself, or is not healthy within a minute
   */
  async start(settings: Record<string, string> = {}): Promise<void> {
    const child = spawn(
      process.execPath,
      ['--import', join(root, 'scripts/lib/follow-parent.mjs'), join(root, 'apps', this.name, 'src/main.ts')],
      // Nothing of the developer's own settings: a journey is the same everywhere.
      { cwd: root, env: { ...inherited(), ...this.#variables, ...settings }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#keep(line));
    }
    this.#ended = new Promise((resolve) => {
      child.on('error', () => resolve());
      child.on('close', () => resolve());
    });
    await this.#healthy();
  }

  /** Asks it to end, as Ctrl-C does. */
  async stop(): Promise<void> {
    const late = setTimeout(() => this.#child?.kill('SIGKILL'), 10_000);
    this.#child?.kill('SIGTERM');
    await this.#ended;
    clearTimeout(late);
  }

  /** Ends it without a word, as a power cut does. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 200) this.#lines.shift();
  }

  async #healthy(): Promise<void> {
    let gone = false;
    void this.#ended.then(() => (gone = true));
    const end = performance.now() + 60_000;
    for (;;) {
      const answer = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
      if (answer?.ok && !gone) return;
      if (gone || performance.now() > end)
        throw new Error(
          [`The ${this.name} process ${gone ? 'ended by itself' : 'is not healthy'}.`, ...this.lastWords].join('\n'),
        );
      await pause(50);
    }
  }
}

/** Ports nobody listens on; all are held until the last one is known, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG', 'CONSOLE_DIR', 'WIDGET_DIR'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
