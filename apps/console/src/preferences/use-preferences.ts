import { useEffect, useSyncExternalStore } from 'react';
import { preferences, type Preferences } from './preferences.ts';

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.getSnapshot);
}

const dark = window.matchMedia('(prefers-color-scheme: dark)');

function subscribe(listener: () => void): () => void {
  dark.addEventListener('change', listener);
  return () => dark.removeEventListener('change', listener);
}

/** The theme to show now; also told to the page, for tokens.css. */
export function useThemeMode(): 'light' | 'dark' {
  const { theme } = usePreferences();
  const system = useSyncExternalStore(subscribe, () => dark.matches) ? 'dark' : 'light';
  const mode = theme === 'system' ? system : theme;
  useEffect(() => {
    document.documentElement.dataset['theme'] = mode;
  }, [mode]);
  return mode;
}
