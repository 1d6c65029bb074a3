/// <reference lib="dom" />
import type { BrowserContext, Page } from 'playwright';

/**
 * Watches the pages of one person: what their scripts throw, what the console calls an error, what a policy refuses, and
 * where they fetch from. A journey that leaves a complaint has failed.
 */
export class Witness {
  readonly #who: string;
  readonly #origins: readonly string[];
  readonly #complaints: string[] = [];
  readonly #tolerated: RegExp[] = [];

  private constructor(who: string, origins: readonly string[]) {
    this.#who = who;
    this.#origins = origins;
  }

  static async of(who: string, context: BrowserContext, origins: readonly string[]): Promise<Witness> {
    const witness = new Witness(who, origins);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
        console.error(`Policy refused: ${violatedDirective} ${blockedURI} ${sourceFile}`);
      });
    });
    context.on('page', (page) => witness.#watch(page));
    context.on('request', (request) => witness.#see(request.url()));
    return witness;
  }

  /** What a journey means to happen, such as a refusal that the browser reports. */
  tolerates(...complaints: RegExp[]): void {
    this.#tolerated.push(...complaints);
  }

  get complaints(): string[] {
    return this.#complaints
      .filter((complaint) => !this.#tolerated.some((pattern) => pattern.test(complaint)))
      .map((complaint) => `${this.#who}: ${complaint}`);
  }

  #watch(page: Page): void {
    page.on('pageerror', (error) => this.#complaints.push(`thrown: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#complaints.push(`${message.text()} (${message.location().url})`);
    });
    page.on('websocket', (socket) => this.#see(socket.url().replace(/^ws/, 'http')));
    page.on('crash', () => this.#complaints.push('the page crashed'));
  }

  #see(url: string): void {
    if (/^(data|blob|about):/.test(url)) return;
    const { origin } = new URL(url);
    if (!this.#origins.includes(origin)) this.#complaints.push(`a request to ${origin}: ${url}`);
  }
}
