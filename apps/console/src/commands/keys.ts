import { use, useEffect } from 'react';
import { usePreferences } from '../preferences/use-preferences.ts';
import { CommandsContext } from './commands.ts';
import { keysOf } from './key-names.ts';

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

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return (
    target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type)
  );
}

/** Menus and list boxes use letters to find their items. */
function isInMenu(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="menu"], [role="listbox"], [role="combobox"]') !== null;
}
