import type { Floor, Turn, User } from '@parley/contracts';
import type { Place } from './activity.ts';
import { createLanes } from './lanes.ts';
import type { ParleyStorage } from './storage.ts';

/** What the SDK remembers of one conversation between turns. */
export interface Remembered<Reference = unknown> {
  /** Who holds the floor; absent until the desk has said it. */
  floor?: Floor;
  /** The place in the desk's log that {@link Remembered.floor} comes from: older news does not change it. */
  floorSeq: number;
  /** Everything the desk said up to here has been shown. */
  shownSeq: number;
  /** Lines the bot has already shown about an entry whose showing broke off. */
  begun?: { readonly seq: number; readonly lines: number };
  /** How to reach the user. */
  reference?: Reference;
  user?: User;
  /** What the user said to a consultant while the desk was away. */
  held: Turn[];
  /** The user has been told that the desk is away. */
  told?: boolean;
}

export interface Memory<Reference> {
  read(place: Place): Promise<Remembered<Reference>>;
  /** Changes and keeps it; `change` may return false when there is nothing to keep. */
  update(place: Place, change: (memory: Remembered<Reference>) => void | false): Promise<Remembered<Reference>>;
  /** Conversations with held lines, also those of an earlier run. */
  holding(): Promise<Place[]>;
}

const holdingKey = 'parley/holding';

export function createMemory<Reference>(storage: ParleyStorage): Memory<Reference> {
  const lanes = createLanes();

  async function read(place: Place): Promise<Remembered<Reference>> {
    const key = keyOf(place);
    const found = (await storage.read([key]))[key] as Partial<Remembered<Reference>> | undefined;
    return { floorSeq: 0, shownSeq: 0, held: [], ...found };
  }

  async function holding(): Promise<Place[]> {
    const found = (await storage.read([holdingKey]))[holdingKey] as { places?: Place[] } | undefined;
    return found?.places ?? [];
  }

  async function list(place: Place, isHolding: boolean): Promise<void> {
    await lanes.run(holdingKey, async () => {
      const others = (await holding()).filter((other) => keyOf(other) !== keyOf(place));
      await storage.write({ [holdingKey]: { places: isHolding ? [...others, place] : others, eTag: '*' } });
    });
  }

  return {
    read,
    holding,
    update(place, change) {
      return lanes.run(keyOf(place), async () => {
        const memory = await read(place);
        const before = memory.held.length;
        if (change(memory) === false) return memory;
        // eTag "*" is how every Storage is told that the last writer wins; the lane keeps writers of this process apart.
        await storage.write({ [keyOf(place)]: { ...memory, eTag: '*' } });
        if (before > 0 !== memory.held.length > 0) await list(place, memory.held.length > 0);
        return memory;
      });
    },
  };
}

export function keyOf(place: Place): string {
  return `parley/${place.channel}/${place.conversation}`;
}

/** Takes in who holds the floor. `bot` under an older number is old news; `human` never is, for the bot then stays silent and asks again. */
export function takeFloor(memory: Remembered, floor: Floor, seq: number | undefined): void {
  if (floor === 'bot' && memory.floor === 'human' && (seq ?? 0) < memory.floorSeq) return;
  memory.floor = floor;
  memory.floorSeq = Math.max(memory.floorSeq, seq ?? 0);
}
