import type { Conversation } from '@parley/contracts';
import type { Command, Host } from '@parley/core';
import type { Desk } from './desk.ts';

type Options = { desk: Desk; host: Host; failed: (error: unknown) => void };

/**
 * What was delivered and is not yet marked in the log. Marks of all conversations are made together, so that they share a
 * transaction. Until then a crash only means that the bot's side hears again of what it has: it drops what it has seen by
 * number.
 */
export class DeliveryMarks {
  readonly #options: Options;
  /** By conversation, up to which number, and in which lane. */
  readonly #marks = new Map<string, { seq: number; lane: number }>();
  #marking: (() => void) | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  add(id: string, seq: number, lane: number): void {
    this.#marks.set(id, { seq, lane });
    this.#later(markMs);
  }

  #later(ms: number): void {
    const { host, failed } = this.#options;
    this.#marking ??= host.after(ms, () => {
      this.flush().catch((error: unknown) => {
        failed(error);
        // Nobody else would say so: the lane knows it as delivered, and no try is due any more.
        this.#later(againMs);
      });
    });
  }

  /** Up to which number everything is delivered, marked or not. */
  deliveredSeq({ id, delivery }: Conversation): number {
    const mark = this.#marks.get(id);
    return mark && mark.lane >= (delivery.lane?.n ?? 0)
      ? Math.max(delivery.deliveredSeq, mark.seq)
      : delivery.deliveredSeq;
  }

  /** The mark as a command for whoever changes the conversation next. */
  command(id: string): Command | undefined {
    const mark = this.#marks.get(id);
    return mark && { type: 'mark-delivered', id: this.#options.host.newId(), ...mark };
  }

  /** A change is durable. */
  settled({ id, delivery }: Conversation): void {
    if ((this.#marks.get(id)?.seq ?? Infinity) <= delivery.deliveredSeq) this.#marks.delete(id);
  }

  async flush(): Promise<void> {
    this.#marking?.();
    this.#marking = undefined;
    const { desk, host } = this.#options;
    await Promise.all(
      [...this.#marks].map(async ([id, mark]) => {
        await desk.execute(id, { type: 'mark-delivered', id: host.newId(), ...mark }, { type: 'desk' });
        // Done, or refused because the lane is another's by now, who delivers again.
        if (this.#marks.get(id) === mark) this.#marks.delete(id);
      }),
    );
  }
}

const markMs = 50;
const againMs = 1_000;
