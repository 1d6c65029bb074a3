import { createStore, type Readable } from '@parley/client';
import { readPreferences, type Preferences } from './stored.ts';

export type { Preferences };

const key = 'parley.preferences';
const store = createStore<Preferences>(readPreferences(localStorage.getItem(key)));

export const preferences: Readable<Preferences> = store;

export function setPreference<K extends keyof Preferences>(name: K, value: Preferences[K]): void {
  store.update((all) => ({ ...all, [name]: value }));
  try {
    localStorage.setItem(key, JSON.stringify(store.getSnapshot()));
  } catch {
    // A full or forbidden storage: it holds until the page is closed.
  }
}

// Another tab of the same person changed them.
window.addEventListener('storage', (event) => {
  if (event.key === key) store.set(readPreferences(event.newValue));
});
