import type { Desk } from '@parley/client';
import type { Entry } from '@parley/contracts';

/** What one person's screens have shown, conversation by conversation, as they showed it. */
export class Screens {
  readonly who: string;
  /** By conversation: what stood at each number. */
  readonly shown = new Map<string, Map<number, string>>();
  /** What no screen may do: gaps, and entries that change. */
  readonly wrong: string[] = [];
  readonly #desk: Desk;

  constructor(who: string, desk: Desk) {
    this.who = who;
    this.#desk = desk;
  }

  /** Records a conversation from now on, whether it is open or not. */
  follow(id: string): void {
    if (this.shown.has(id)) return;
    this.shown.set(id, new Map());
    const state = this.#desk.conversation(id);
    const look = () => this.#look(id, state.getSnapshot().log?.entries ?? []);
    state.subscribe(look);
    look();
  }

  /** What is on the screen now, as far as it is open. */
  now(id: string): readonly Entry[] {
    return this.#desk.conversation(id).getSnapshot().log?.entries ?? [];
  }

  #look(id: string, entries: readonly Entry[]): void {
    const shown = this.shown.get(id)!;
    const first = entries[0]?.seq ?? 1;
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i]!;
      if (entry.seq !== first + i) {
        this.wrong.push(`${this.who} sees entry ${entry.seq} of ${id} where ${first + i} belongs`);
        return;
      }
      const before = shown.get(entry.seq);
      const now = gist(entry);
      if (before === now) return;
      if (before !== undefined) this.wrong.push(`${this.who} saw "${before}" at ${entry.seq} of ${id}, then "${now}"`);
      shown.set(entry.seq, now);
    }
  }
}

/** What makes an entry the one it is. */
export function gist(entry: Entry): string {
  return `${entry.id} ${entry.kind} ${'text' in entry ? entry.text : ''}`;
}
