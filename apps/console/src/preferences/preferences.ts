import { createStore, type Readable } from '@parley/client';

/** What a person likes, on this browser. */
export interface Preferences {
  theme: 'light' | 'dark' | 'system';
  /** Which keys send; the other one breaks the line. */
  send: 'enter' | 'ctrl-enter';
  /** Whether single letters act outside text fields. */
  letters: boolean;
  sound: boolean;
  desktop: boolean;
  contextPane: boolean;
}

export const defaults: Preferences = { theme: 'system', send: 'enter', letters: true, sound: true, desktop: false, contextPane: true };

const key = 'parley.preferences';
const store = createStore<Preferences>(read(localStorage.getItem(key)));

export const preferences: Readable<Preferences> = store;

export function setPreference<K extends keyof Preferences>(name: K, value: Preferences[K]): void {
  store.update((all) => ({ ...all, [name]: value }));
  try {
    localStorage.setItem(key, JSON.stringify(store.getSnapshot()));
  } catch {
    // A full or forbidden storage: it holds until the page is closed.
  }
}

/** What was stored, with the defaults for whatever is missing or of another type. */
export function read(stored: string | null): Preferences {
  let known: Partial<Record<string, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(stored ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) known = parsed as typeof known;
  } catch {
    // Not ours.
  }
  const choice = <T extends string>(value: unknown, allowed: readonly T[], otherwise: T) => (allowed.includes(value as T) ? (value as T) : otherwise);
  const flag = (name: keyof Preferences) => (typeof known[name] === 'boolean' ? (known[name] as boolean) : (defaults[name] as boolean));
  return {
    theme: choice(known['theme'], ['light', 'dark', 'system'], defaults.theme),
    send: choice(known['send'], ['enter', 'ctrl-enter'], defaults.send),
    letters: flag('letters'),
    sound: flag('sound'),
    desktop: flag('desktop'),
    contextPane: flag('contextPane'),
  };
}

// Another tab of the same person changed them.
window.addEventListener('storage', (event) => {
  if (event.key === key) store.set(read(event.newValue));
});
