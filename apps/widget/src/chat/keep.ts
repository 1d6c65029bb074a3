import type { Kept } from '../line/tokens.ts';

/** What a page leaves for the next one in the same tab. What was said stays with the channel. */
export interface KeptChat extends Kept {
  /** The channel's id of the last line the user has seen. */
  readonly readId?: string | undefined;
}

export interface Keep {
  load(): KeptChat | undefined;
  save(part: Partial<KeptChat>): void;
  forget(): void;
}

const version = 1;

/** @param storage where it is kept; undefined where the browser forbids it, and the chat then lives as long as its page. */
export function createKeep(storage: Storage | undefined, tokenUrl: string): Keep {
  const key = `parley:chat:${tokenUrl}`;
  let current = read();

  function read(): KeptChat | undefined {
    try {
      const { v, ...kept } = JSON.parse(storage?.getItem(key) ?? '{}') as KeptChat & { v?: number };
      return v === version && typeof kept.grant?.token === 'string' && typeof kept.receivedAt === 'number'
        ? kept
        : undefined;
    } catch {
      return undefined;
    }
  }

  return {
    load: () => current,
    save(part) {
      current = { ...current, ...part } as KeptChat;
      if (!current.grant) return;
      try {
        storage?.setItem(key, JSON.stringify({ v: version, ...current }));
      } catch {
        // A full storage costs the chat its continuation on the next page, no more.
      }
    },
    forget() {
      current = undefined;
      try {
        storage?.removeItem(key);
      } catch {
        // As above.
      }
    },
  };
}

/** @returns undefined where the browser forbids storage to embedded pages. */
export function tabStorage(): Storage | undefined {
  try {
    return window.sessionStorage;
  } catch {
    return undefined;
  }
}
