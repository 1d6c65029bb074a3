import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Seeded } from '../disk/seeded.ts';

/** `up`: from who dials to who listens. `down`: back. */
export type Direction = 'up' | 'down';

/**
 * What goes wrong on the line in one direction; the names are those of toxiproxy where it has them. Times in ms.
 *
 * - `latency`: everything arrives later, in order.
 * - `bandwidth`: bytes per second.
 * - `slicer`: pieces of about `bytes`, with a pause between them.
 * - `slow-close`: the end of a side is told later.
 * - `down`: what is open is reset, and nobody gets through.
 * - `timeout`: a black hole. What was sent is gone for good, and the connection is closed after `ms`; 0 leaves it open.
 * - `reset-peer`: connections are reset after `ms`.
 * - `limit-data`: after so many bytes the connection is closed in an orderly way.
 * - `half-open`: the far side goes away, and the near one is not told; what it says goes nowhere.
 * - `cut`: exactly so many bytes arrive, then the receiver sees an end and the sender a reset.
 */
export type Toxic =
  | { kind: 'latency'; ms: number; jitter: number }
  | { kind: 'bandwidth'; bytes: number }
  | { kind: 'slicer'; bytes: number; ms: number }
  | { kind: 'slow-close'; ms: number }
  | { kind: 'down' }
  | { kind: 'timeout'; ms: number }
  | { kind: 'reset-peer'; ms: number }
  | { kind: 'limit-data'; bytes: number }
  | { kind: 'half-open' }
  | { kind: 'cut'; bytes: number };

export const toxicKinds = [
  'latency',
  'bandwidth',
  'slicer',
  'slow-close',
  'down',
  'timeout',
  'reset-peer',
  'limit-data',
  'half-open',
  'cut',
] as const satisfies readonly Toxic['kind'][];

/** A TCP proxy that does harm on demand. */
export class FaultProxy {
  readonly #server: Server;
  readonly #target: () => number;
  readonly #random: Seeded;
  readonly #lines = new Set<Line>();
  readonly #toxics: { [D in Direction]: Toxic | undefined } = { up: undefined, down: undefined };
  /** Connections that were made so far. */
  connections = 0;
  /** How often harm was done: chunks held back, connections broken. */
  bites = 0;

  private constructor(target: () => number, random: Seeded) {
    this.#target = target;
    this.#random = random;
    // A side that has said all may still listen.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => this.#accept(near));
  }

  /** @param target port on this machine */
  static async start(target: number | (() => number), random: Seeded): Promise<FaultProxy> {
    const proxy = new FaultProxy(typeof target === 'number' ? () => target : target, random);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get open(): number {
    return this.#lines.size;
  }

  /** From now on; what is open is affected too. */
  poison(direction: Direction, toxic: Toxic): void {
    this.#toxics[direction] = toxic;
    for (const line of this.#lines) line.poisoned(direction);
  }

  /** From now on all is well. What was swallowed stays lost, and connections that were cut off stay so. */
  heal(): void {
    this.#toxics.up = undefined;
    this.#toxics.down = undefined;
    for (const line of this.#lines) line.healed();
  }

  async close(): Promise<void> {
    for (const line of this.#lines) line.end('reset');
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket): void {
    this.connections += 1;
    if (this.#toxics.up?.kind === 'down' || this.#toxics.down?.kind === 'down') {
      this.bites += 1;
      near.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const far = connect({ port: this.#target(), host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const line = new Line(near, far, {
      toxic: (direction) => this.#toxics[direction],
      bite: () => void (this.bites += 1),
      random: this.#random,
      over: () => this.#lines.delete(line),
    });
    this.#lines.add(line);
    for (const direction of ['up', 'down'] as const) if (this.#toxics[direction]) line.poisoned(direction);
  }
}

type Parts = {
  toxic(direction: Direction): Toxic | undefined;
  bite(): void;
  random: Seeded;
  over(): void;
};

type PipeParts = Omit<Parts, 'toxic'> & { toxic(): Toxic | undefined };

/** One connection with both its directions. */
class Line {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #pipes: Record<Direction, Pipe>;
  readonly #parts: Parts;
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = 0;

  constructor(near: Socket, far: Socket, parts: Parts) {
    this.#near = near;
    this.#far = far;
    this.#parts = parts;
    this.#pipes = {
      up: new Pipe(near, far, { ...parts, toxic: () => parts.toxic('up') }, this),
      down: new Pipe(far, near, { ...parts, toxic: () => parts.toxic('down') }, this),
    };
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('close', (failed) => {
        // A reset is passed on at once; an end goes through its pipe.
        if (failed && !this.#silent) other.resetAndDestroy();
        else if (!this.#silent && other.readableEnded) other.destroySoon();
        if (++this.#closed === 2) this.#finish();
      });
    }
  }

  /** One side is gone or unreachable, and the other is not to hear of it. */
  get #silent(): boolean {
    return this.#pipes.up.swallows || this.#pipes.down.swallows;
  }

  poisoned(direction: Direction): void {
    const toxic = this.#parts.toxic(direction);
    switch (toxic?.kind) {
      case 'down':
        this.#parts.bite();
        return this.end('reset');
      case 'reset-peer':
        return this.after(toxic.ms, () => {
          this.#parts.bite();
          this.end('reset');
        });
      case 'timeout':
        this.#pipes[direction].swallows = true;
        this.#parts.bite();
        if (toxic.ms > 0) this.after(toxic.ms, () => this.end('reset'));
        return;
      case 'half-open':
        // What flows this way comes from the side that is gone; the other one talks to nobody.
        this.#pipes.up.swallows = true;
        this.#pipes.down.swallows = true;
        this.#parts.bite();
        (direction === 'down' ? this.#far : this.#near).resetAndDestroy();
        return;
      default:
        this.#pipes[direction].begins();
    }
  }

  healed(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.begins();
  }

  end(how: 'orderly' | 'reset'): void {
    for (const socket of [this.#near, this.#far]) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroySoon();
    }
  }

  after(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }

  #finish(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#parts.over();
  }
}

/** One direction of a connection: takes what comes, and passes it on in order as its toxic says. */
class Pipe {
  /** Nothing gets through any more. */
  swallows = false;
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #parts: PipeParts;
  readonly #line: Line;
  /** Bytes since the toxic began. */
  #passed = 0;
  #waiting = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(source: Socket, target: Socket, parts: PipeParts, line: Line) {
    this.#source = source;
    this.#target = target;
    this.#parts = parts;
    this.#line = line;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    source.on('end', () => this.#queue(() => this.#passEnd()));
  }

  /** Another toxic, or none, from now on. */
  begins(): void {
    this.#passed = 0;
  }

  #take(chunk: Buffer): void {
    const came = performance.now();
    this.#waiting += chunk.length;
    if (this.#waiting > most) this.#source.pause();
    this.#queue(async () => {
      await this.#pass(chunk, came);
      this.#waiting -= chunk.length;
      if (this.#waiting <= most) this.#source.resume();
    });
  }

  #queue(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work).catch(() => undefined);
  }

  async #pass(chunk: Buffer, came: number): Promise<void> {
    if (this.swallows) return;
    const toxic = this.#parts.toxic();
    switch (toxic?.kind) {
      case 'latency': {
        this.#parts.bite();
        const ms = toxic.ms + toxic.jitter * (this.#parts.random.next() * 2 - 1);
        await pause(came + ms - performance.now());
        break;
      }
      case 'bandwidth':
        this.#parts.bite();
        for (let at = 0; at < chunk.length; at += toxic.bytes / 20) {
          // Healed meanwhile: the rest goes at once.
          if (this.#parts.toxic() !== toxic) return this.#write(chunk.subarray(Math.floor(at)));
          await pause(50);
          await this.#write(chunk.subarray(Math.floor(at), Math.floor(at + toxic.bytes / 20)));
        }
        return;
      case 'slicer':
        for (let at = 0; at < chunk.length;) {
          const size = Math.max(1, Math.round(toxic.bytes * (0.5 + this.#parts.random.next())));
          if (this.#parts.toxic() !== toxic) return this.#write(chunk.subarray(at));
          this.#parts.bite();
          await this.#write(chunk.subarray(at, at + size));
          at += size;
          if (toxic.ms > 0) await pause(toxic.ms);
        }
        return;
      case 'limit-data':
      case 'cut': {
        const left = toxic.bytes - this.#passed;
        if (chunk.length < left) break;
        this.#parts.bite();
        await this.#write(chunk.subarray(0, left));
        if (toxic.kind === 'limit-data') return this.#line.end('orderly');
        // Closing in order keeps what was written from being thrown away with a reset.
        this.swallows = true;
        this.#target.end(() => this.#target.destroySoon());
        this.#source.resetAndDestroy();
        return;
      }
      default:
      // The others act on the connection, not on what it carries.
    }
    await this.#write(chunk);
  }

  async #passEnd(): Promise<void> {
    const toxic = this.#parts.toxic();
    if (toxic?.kind === 'slow-close') {
      this.#parts.bite();
      await pause(toxic.ms);
    }
    if (!this.swallows) this.#target.end();
  }

  #write(chunk: Buffer): Promise<void> {
    this.#passed += chunk.length;
    if (this.swallows || chunk.length === 0 || !this.#target.writable) return Promise.resolve();
    return new Promise((resolve) => this.#target.write(chunk, () => resolve()));
  }
}

/** Bytes kept back in one direction before its sender has to wait. */
const most = 256 * 1024;

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
