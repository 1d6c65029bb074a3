import { createStore } from '@parley/client';
import { createContext, use, useEffect } from 'react';
import { useLatest, useReadable } from '../desk/hooks.ts';

/** Something a person can do, wherever it is offered: a button, a key, the command menu, the composer's `/`. */
export interface Command {
  id: string;
  title: string;
  group: 'Conversation' | 'Go to' | 'Desk' | 'You';
  /** A letter for use outside text fields, or a combination as printed: `Ctrl K`, `F6`. */
  keys?: string;
  /** Why it cannot be done now. */
  why?: string | undefined;
  /** Also offered by `/` in the composer. */
  slash?: boolean;
  /** Left out of the command menu: it makes no sense there. */
  hidden?: boolean;
  run(): void;
}

/** What can be done on the page as it is now. Features add theirs; menus and keys find them here. */
export function createCommands() {
  const items = createStore<readonly Command[]>([]);
  return {
    items,
    add(command: Command): () => void {
      items.update((all) => [...all.filter(({ id }) => id !== command.id), command]);
      return () => items.update((all) => all.filter((other) => other !== command));
    },
    run(id: string): boolean {
      const command = items.getSnapshot().find((each) => each.id === id);
      if (command === undefined || command.why !== undefined) return false;
      command.run();
      return true;
    },
  };
}

export type Commands = ReturnType<typeof createCommands>;

export const CommandsContext = createContext<Commands>(createCommands());

export function useCommands(): readonly Command[] {
  return useReadable(use(CommandsContext).items);
}

export function useRunCommand(): (id: string) => boolean {
  return use(CommandsContext).run;
}

/** Offers a command as long as the component is there; `undefined` offers nothing. */
export function useCommand(command: Command | undefined): void {
  const commands = use(CommandsContext);
  const latest = useLatest(command?.run);
  const { id, title, group, keys, why, slash, hidden } = command ?? {};
  useEffect(() => {
    if (id === undefined || title === undefined || group === undefined) return undefined;
    return commands.add({
      id,
      title,
      group,
      why,
      run: () => latest.current?.(),
      ...(keys === undefined ? {} : { keys }),
      ...(slash === undefined ? {} : { slash }),
      ...(hidden === undefined ? {} : { hidden }),
    });
  }, [commands, latest, id, title, group, keys, why, slash, hidden]);
}
