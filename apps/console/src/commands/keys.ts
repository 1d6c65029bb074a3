import { use, useEffect } from 'react';
import { usePreferences } from '../preferences/use-preferences.ts';
import { CommandsContext } from './commands.ts';

/** Lets keys run commands: single letters outside text fields only, and only while the person wants them. */
export function useKeys(): void {
  const commands = use(CommandsContext);
  const { letters } = usePreferences();
  useEffect(() => {
    function press(event: KeyboardEvent) {
      const keys = keysOf(event);
      if (keys === undefined || event.defaultPrevented || event.isComposing || event.repeat) return;
      if (keys.length === 1 && (!letters || isWriting(event.target) || isInMenu(event.target))) return;
      const command = commands.items.getSnapshot().find((each) => each.keys === keys);
      if (command === undefined) return;
      event.preventDefault();
      if (command.why === undefined) command.run();
    }
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [commands, letters]);
}

/** The keys of an event as commands name them, or undefined where they are none of ours. */
export function keysOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string | undefined {
  const { key } = event;
  if (event.altKey) return undefined;
  if (event.ctrlKey || event.metaKey) return key.length === 1 && !event.shiftKey ? `Ctrl ${key.toUpperCase()}` : undefined;
  if (key === '?') return '?';
  if (/^F\d+$/.test(key)) return event.shiftKey ? `Shift ${key}` : key;
  return /^[a-z]$/i.test(key) && !event.shiftKey ? key.toUpperCase() : undefined;
}

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type);
}

/** Menus and list boxes use letters to find their items. */
function isInMenu(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="menu"], [role="listbox"], [role="combobox"]') !== null;
}
