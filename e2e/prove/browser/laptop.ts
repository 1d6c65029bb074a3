/// <reference lib="dom" />
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContext, Locator, Page } from 'playwright';
import { openProfile } from '../../actors/browser.ts';
import { bankx } from '../../actors/cast.ts';
import { Consultant } from '../../actors/consultant.ts';
import { sees } from '../../actors/eventually.ts';
import { Witness } from '../../actors/witness.ts';
import type { World } from './world.ts';

/** Ana's machine: a browser with a profile that survives it, a clock that may be wrong, and a lid. */
export class Laptop {
  readonly #world: World;
  readonly #directory: string;
  readonly #skew: number;
  readonly #errors: string[] = [];
  #context: BrowserContext | undefined;
  #stopped: number[] = [];
  #stoppedAt = 0;
  ana!: Consultant;

  private constructor(world: World, directory: string, skew: number) {
    this.#world = world;
    this.#directory = directory;
    this.#skew = skew;
  }

  /** @param skew milliseconds by which its clock is ahead */
  static async of(world: World, { skew = 0 }: { skew?: number } = {}): Promise<Laptop> {
    return new Laptop(world, await mkdtemp(join(tmpdir(), 'parley-laptop-')), skew);
  }

  /** Opens the browser on a conversation, through the sign-in where it has to be. */
  async opens(conversation: string): Promise<void> {
    const context = await openProfile(this.#directory, {
      viewport: { width: 1280, height: 860 },
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
    });
    this.#context = context;
    await context.addInitScript(wrongClock, this.#skew);
    const witness = await Witness.of('Ana', context, []);
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('pageerror', (error) => this.#errors.push(error.message));
    this.ana = new Consultant({ page, context, witness }, this.#world.url, 'contoso', bankx.consultant);
    await page.goto(`${this.#world.url}/contoso/c/${conversation}`);
    await this.choosesAccountIfAsked(page);
    await this.ana.isAtTheDesk();
    await sees(this.ana.thread).toBeVisible();
  }

  async choosesAccountIfAsked(page: Page): Promise<void> {
    const account = page.getByRole('button', { name: this.ana.name });
    const desk = page.getByRole('navigation', { name: 'Places' });
    await account.or(desk).first().waitFor();
    if (!(await desk.isVisible())) await account.click();
  }

  get page(): Page {
    return this.ana.page;
  }

  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error('The browser is closed');
    return this.#context;
  }

  /** Exceptions in the page. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** When the page was loaded: the same as long as nobody loads it again. */
  loadedAt(): Promise<number> {
    return this.page.evaluate(() => performance.timeOrigin);
  }

  /** The lines of the thread after the handoff, as they stand. */
  shown(): Promise<string[]> {
    return this.ana.thread.locator('[data-side]:not([data-folded="true"])').allInnerTexts();
  }

  pending(): Locator {
    return this.ana.thread.locator('[data-pending]');
  }

  /** Replies do not get through; everything else does. */
  async holdsReplies(): Promise<void> {
    await this.context.route(replies, (route) => route.abort('connectionfailed'));
  }

  async letsReplies(): Promise<void> {
    await this.context.unroute(replies);
  }

  async writes(text: string): Promise<void> {
    await this.ana.box.fill(text);
    await this.ana.sendsWhatIsWritten();
  }

  /** Every process of the browser ends at once, without a word. */
  async isKilled(): Promise<void> {
    const [main, ...others] = await this.#processes();
    if (main === undefined) throw new Error('The browser does not run');
    for (const { pid } of [main, ...others]) kill(pid, 'SIGKILL');
    while ((await this.#processes()).length > 0) await pause(10);
    await this.#context?.close().catch(() => undefined);
    this.#context = undefined;
  }

  /** The lid is closed: what draws pages stands still. */
  async sleeps(): Promise<void> {
    this.#stopped = (await this.#processes()).filter(({ type }) => type === 'renderer').map(({ pid }) => pid);
    if (this.#stopped.length === 0) throw new Error('No page to put to sleep');
    for (const pid of this.#stopped) kill(pid, 'SIGSTOP');
    this.#stoppedAt = performance.now();
  }

  /** The lid is opened: the clock on the wall has gone on by `ms`, the one that counts the machine's time has not. */
  async wakes(ms: number): Promise<void> {
    for (const pid of this.#stopped) kill(pid, 'SIGCONT');
    await this.stepsClock(ms - (performance.now() - this.#stoppedAt));
  }

  /** Somebody sets the clock. */
  async stepsClock(ms: number): Promise<void> {
    await this.page.evaluate((by) => {
      (window as unknown as { stepClock(by: number): void }).stepClock(by);
    }, ms);
  }

  async closes(): Promise<void> {
    for (const pid of this.#stopped) kill(pid, 'SIGCONT');
    await this.#context?.close().catch(() => undefined);
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** The browser's processes, the main one first. */
  async #processes(): Promise<{ pid: number; type: string }[]> {
    const all = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(processOf));
    const alive = all.filter((one) => one !== undefined && one.state !== 'Z') as Process[];
    const main = alive.find(
      ({ command }) => command.includes(`--user-data-dir=${this.#directory}`) && !command.includes('--type='),
    );
    const found = main === undefined ? [] : [main];
    for (let i = 0; i < found.length; i++) found.push(...alive.filter(({ parent }) => parent === found[i]!.pid));
    return found.map(({ pid, command }) => ({ pid, type: /--type=([\w-]+)/.exec(command)?.[1] ?? 'main' }));
  }
}

const replies = /\/v1\/conversations\/[^/]+\/(reply|note)$/;

interface Process {
  pid: number;
  parent: number;
  state: string;
  command: string;
}

async function processOf(name: string): Promise<Process | undefined> {
  try {
    const [stat, command] = await Promise.all([
      readFile(`/proc/${name}/stat`, 'utf8'),
      readFile(`/proc/${name}/cmdline`, 'utf8'),
    ]);
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(name), parent: Number(parent), state, command: command.replaceAll('\0', ' ') };
  } catch {
    return undefined;
  }
}

function kill(pid: number, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Runs in the page before anything else: a wall clock that is ahead, and may be set while the page is open. */
function wrongClock(ahead: number): void {
  const Real = Date;
  const key = 'clock of the proof';
  const kept = () => Number(localStorage.getItem(key) ?? 0);
  let stepped = 0;
  try {
    stepped = kept();
  } catch {
    // A page without storage has no steps either.
  }
  const now = () => Real.now() + ahead + stepped;
  window.Date = new Proxy(Real, {
    construct: (target, given, self) => Reflect.construct(target, given.length === 0 ? [now()] : given, self) as object,
    apply: () => new Real(now()).toString(),
    get: (target, name, self) => (name === 'now' ? now : (Reflect.get(target, name, self) as unknown)),
  });
  (window as unknown as { stepClock(by: number): void }).stepClock = (by) => {
    stepped += by;
    localStorage.setItem(key, String(stepped));
  };
}
