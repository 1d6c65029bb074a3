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

export const defaults: Preferences = {
  theme: 'system',
  send: 'enter',
  letters: true,
  sound: true,
  desktop: false,
  contextPane: true,
};

/** What was stored, with the defaults for whatever is missing or of another type. */
export function readPreferences(stored: string | null): Preferences {
  let known: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(stored ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) known = parsed;
  } catch {
    // Not ours.
  }
  const choice = <T extends string>(value: unknown, allowed: readonly T[], otherwise: T) =>
    allowed.includes(value as T) ? (value as T) : otherwise;
  const flag = (name: 'letters' | 'sound' | 'desktop' | 'contextPane') => {
    const value = known[name];
    return typeof value === 'boolean' ? value : defaults[name];
  };
  return {
    theme: choice(known.theme, ['light', 'dark', 'system'], defaults.theme),
    send: choice(known.send, ['enter', 'ctrl-enter'], defaults.send),
    letters: flag('letters'),
    sound: flag('sound'),
    desktop: flag('desktop'),
    contextPane: flag('contextPane'),
  };
}
