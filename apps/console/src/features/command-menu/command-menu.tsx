import { SearchRegular } from '@fluentui/react-icons';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { useCommand, useCommands } from '../../commands/commands.ts';
import { useView } from '../../desk/hooks.ts';
import { HeaderChip } from '../../ui/header-chip.tsx';
import { Kbd } from '../../ui/kbd.tsx';
import { userName } from '../../words/people-words.ts';
import { matching } from './matching.ts';
import styles from './command-menu.module.css';

interface Item {
  id: string;
  group: string;
  title: string;
  keys?: string | undefined;
  why?: string | undefined;
  run(): void;
}

/** Search or do: every action with its key, and every conversation at hand. It opens beside the thread, not over it. */
export function CommandMenu() {
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const before = useRef<HTMLElement | null>(null);
  useCommand({
    id: 'commands',
    title: 'Search or do',
    group: 'Desk',
    keys: 'Ctrl K',
    hidden: true,
    run: () => {
      before.current = document.activeElement instanceof HTMLElement ? document.activeElement : null;
      setOpen((is) => !is);
    },
  });

  function close(restore: boolean) {
    setOpen(false);
    if (restore) (before.current ?? opener.current)?.focus();
  }

  return (
    <>
      <HeaderChip
        ref={opener}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        title="Search or do, Ctrl K"
      >
        <SearchRegular className={styles['icon'] ?? ''} aria-hidden />
        <span className={styles['label']}>Search or do</span>
        <span className={styles['key']}>
          <Kbd>Ctrl K</Kbd>
        </span>
      </HeaderChip>
      {open && <Panel onClose={close} />}
    </>
  );
}

function Panel({ onClose }: { onClose: (restore: boolean) => void }) {
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const list = useId();
  const panel = useRef<HTMLDivElement>(null);
  const items = useItems(typed);
  const current = Math.min(active, items.length - 1);

  useEffect(() => {
    const away = (event: PointerEvent) => {
      if (event.target instanceof Node && panel.current?.contains(event.target) !== true) onClose(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [onClose]);
  useEffect(() => {
    // Braces: newer browsers return a promise from it, which React would take for a clean-up.
    panel.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [current]);

  function pick(item: Item | undefined) {
    if (item === undefined || item.why !== undefined) return;
    onClose(true);
    // After focus is back: what the command focuses must keep it.
    setTimeout(() => item.run());
  }

  function press(event: KeyboardEvent) {
    if (event.key === 'ArrowDown') setActive((current + 1) % Math.max(1, items.length));
    else if (event.key === 'ArrowUp') setActive((current - 1 + items.length) % Math.max(1, items.length));
    else if (event.key === 'Enter') pick(items[current]);
    else if (event.key === 'Escape') onClose(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div ref={panel} className={styles['panel']} role="dialog" aria-label="Search or do">
      <input
        autoFocus
        className={styles['input']}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={items.length > 0 ? `${list}-${current}` : undefined}
        aria-label="Search or do"
        placeholder="Type an action or a name"
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setActive(0);
        }}
        onKeyDown={press}
      />
      <div id={list} role="listbox" aria-label="Actions and conversations" className={styles['list']} tabIndex={-1}>
        {items.length === 0 && <p className={styles['none']}>Nothing matches “{typed}”.</p>}
        {items.map((item, index) => (
          <div key={item.id}>
            {item.group !== items[index - 1]?.group && (
              <div className={styles['group']} role="presentation">
                {item.group}
              </div>
            )}
            <div
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === current}
              aria-disabled={item.why !== undefined}
              className={styles['item']}
              onPointerMove={() => setActive(index)}
              onClick={() => pick(item)}
            >
              <span className={styles['title']}>
                {item.title}
                {item.why !== undefined && <small>{item.why}</small>}
              </span>
              {item.keys !== undefined && <Kbd>{item.keys}</Kbd>}
            </div>
          </div>
        ))}
      </div>
    </div>
  );
}

const order = ['Conversation', 'Conversations', 'Go to', 'You', 'Desk'];
const actionOrder = [
  'accept',
  'decline',
  'reply',
  'note',
  'transfer',
  'return',
  'close',
  'go-desk',
  'go-live',
  'go-transcripts',
  'go-settings',
  'next',
  'previous',
  'panes',
];

function useItems(typed: string): Item[] {
  const commands = useCommands();
  const mine = useView('mine').items;
  const waiting = useView('waiting').items;
  const navigate = useNavigate();
  const { client = '' } = useParams({ strict: false });
  return useMemo(() => {
    const open = (conversation: string) =>
      void navigate({ to: '/$client/c/$conversation', params: { client, conversation } });
    const conversations = [...mine, ...waiting].map((head) => ({
      id: head.id,
      group: 'Conversations',
      title: `${userName(head.user)} · ${head.holder.state === 'queued' ? 'waiting' : 'yours'}`,
      run: () => open(head.id),
    }));
    const place = (id: string) => (actionOrder.indexOf(id) + actionOrder.length + 1) % (actionOrder.length + 1);
    const actions = commands
      .filter(({ hidden }) => hidden !== true)
      .sort((a, b) => place(a.id) - place(b.id))
      .map((command): Item => command);
    return matching([...actions, ...conversations], (item: Item) => `${item.title} ${item.group}`, typed).sort(
      (a, b) => order.indexOf(a.group) - order.indexOf(b.group),
    );
  }, [commands, mine, waiting, navigate, client, typed]);
}
