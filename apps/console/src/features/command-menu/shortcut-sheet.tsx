import { DismissRegular } from '@fluentui/react-icons';
import { useEffect, useRef, useState } from 'react';
import { useCommand, useCommands } from '../../commands/commands.ts';
import { usePreferences } from '../../preferences/use-preferences.ts';
import { Kbd } from '../../ui/kbd.tsx';
import styles from './shortcut-sheet.module.css';

const fixed: [string, string][] = [
  ['/', 'Replies and actions, in an empty composer'],
  ['Ctrl K', 'Search or do'],
  ['?', 'This sheet'],
  ['F6', 'Next pane: list, thread, composer, context'],
  ['Esc', 'Close a panel'],
];

/** All keys that work now, at the right edge of the page. */
export function ShortcutSheet() {
  const [open, setOpen] = useState(false);
  const commands = useCommands();
  const { letters, send } = usePreferences();
  const closer = useRef<HTMLButtonElement>(null);
  useCommand({
    id: 'shortcuts',
    title: 'Keyboard shortcuts',
    group: 'Desk',
    keys: '?',
    run: () => setOpen((is) => !is),
  });
  useEffect(() => {
    if (open) closer.current?.focus();
  }, [open]);
  if (!open) return null;

  const lettered = commands.filter(({ keys }) => keys?.length === 1 && keys !== '?');
  return (
    <aside
      className={styles['sheet']}
      role="dialog"
      aria-label="Keyboard shortcuts"
      onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}
    >
      <header>
        <h2>Keyboard shortcuts</h2>
        <button
          ref={closer}
          type="button"
          className={styles['close']}
          aria-label="Close"
          onClick={() => setOpen(false)}
        >
          <DismissRegular aria-hidden />
        </button>
      </header>
      <dl>
        <dt>
          <Kbd>{send === 'enter' ? 'Enter' : 'Ctrl Enter'}</Kbd>
        </dt>
        <dd>Send; {send === 'enter' ? 'Shift Enter' : 'Enter'} breaks the line</dd>
        {fixed.map(([keys, title]) => (
          <div key={keys} className={styles['pair']}>
            <dt>
              <Kbd>{keys}</Kbd>
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
      </dl>
      {lettered.length > 0 && <h3>Single letters, outside text fields</h3>}
      {!letters && <p>They are switched off in your settings.</p>}
      <dl>
        {lettered.map(({ id, keys = '', title, why }) => (
          <div key={id} className={styles['pair']} data-off={why !== undefined}>
            <dt>
              <Kbd>{keys}</Kbd>
            </dt>
            <dd>
              {title}
              {why !== undefined && <small>{why}</small>}
            </dd>
          </div>
        ))}
      </dl>
    </aside>
  );
}
