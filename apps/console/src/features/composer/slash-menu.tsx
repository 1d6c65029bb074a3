import type { CannedReply } from '@parley/contracts';
import { useEffect, useRef } from 'react';
import type { Command } from '../../commands/commands.ts';
import { Kbd } from '../../ui/kbd.tsx';
import styles from './composer.module.css';

export type SlashItem = {
  id: string;
  title: string;
  hint: string;
  keys?: string | undefined;
  why?: string | undefined;
} & ({ reply: CannedReply } | { command: Command });

/** What `/` offers for the words typed after it: replies first, then what else can be done. */
export function slashItems(typed: string, replies: readonly CannedReply[], commands: readonly Command[]): SlashItem[] {
  const wanted = typed.toLowerCase().trim();
  const fits = (...texts: string[]) => texts.some((text) => text.toLowerCase().includes(wanted));
  return [
    ...replies
      .filter(({ title, text }) => fits(title, text))
      .map((reply) => ({ id: `reply-${reply.id}`, title: reply.title, hint: reply.text, reply })),
    ...commands
      .filter(({ slash, title }) => slash === true && fits(title))
      .map((command) => ({
        id: `command-${command.id}`,
        title: command.title,
        hint: command.why ?? '',
        keys: command.keys,
        why: command.why,
        command,
      })),
  ];
}

interface SlashMenuProps {
  id: string;
  items: readonly SlashItem[];
  active: number;
  onPick: (item: SlashItem) => void;
  onPoint: (index: number) => void;
}

export function SlashMenu({ id, items, active, onPick, onPoint }: SlashMenuProps) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Braces: newer browsers return a promise from it, which React would take for a clean-up.
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div ref={list} id={id} role="listbox" aria-label="Replies and actions" tabIndex={0} className={styles['slash']}>
      {items.length === 0 && <p>No reply or action has this name. Esc leaves the menu.</p>}
      {items.map((item, index) => (
        <div
          key={item.id}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          aria-disabled={item.why !== undefined}
          className={styles['option']}
          onPointerMove={() => onPoint(index)}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onPick(item)}
        >
          <b>{item.title}</b>
          <span>{item.hint}</span>
          {item.keys !== undefined && <Kbd>{item.keys}</Kbd>}
        </div>
      ))}
    </div>
  );
}
