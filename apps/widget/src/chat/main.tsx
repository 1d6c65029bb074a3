import { createRoot } from 'react-dom/client';
import { realClock } from '../line/clock.ts';
import { App } from './app.tsx';
import { createChat } from './chat.ts';
import { focusField } from './field.ts';
import { createHost } from './host.ts';
import { createKeep, tabStorage } from './keep.ts';
import { readFrameOptions } from './options.ts';
import './style.css';
import { applyTheme } from './theme.ts';

const root = document.getElementById('chat');
if (root) start(root);

function start(root: HTMLElement): void {
  let options;
  try {
    options = readFrameOptions(location.hash);
  } catch (error) {
    root.textContent = (error as Error).message;
    return;
  }
  document.documentElement.lang = options.locale;
  document.title = options.title;
  applyTheme(options);

  const host = createHost(options.host);
  const chat = createChat({
    tokenUrl: options.token,
    locale: options.locale,
    keep: createKeep(tabStorage(), options.token),
    clock: realClock,
    random: Math.random,
    fetch: window.fetch.bind(window),
    WebSocket: window.WebSocket,
    tell: host.tell,
  });

  let isPanelShown = false;
  const look = () => chat.setShown(isPanelShown && document.visibilityState === 'visible');
  host.onMessage((message) => {
    isPanelShown = message.parley === 'shown';
    look();
    if (message.parley === 'shown' && message.focus) focusField();
  });
  document.addEventListener('visibilitychange', () => {
    look();
    if (document.visibilityState === 'visible') chat.wake();
  });
  chat.setBrowserOnline(navigator.onLine);
  window.addEventListener('online', () => chat.setBrowserOnline(true));
  window.addEventListener('offline', () => chat.setBrowserOnline(false));
  window.addEventListener('pageshow', ({ persisted }) => persisted && chat.wake());
  document.addEventListener('keydown', (event) => {
    const isTaken = event.defaultPrevented || document.querySelector('dialog[open], [role="menu"]') !== null;
    if (event.key === 'Escape' && !isTaken) host.tell({ parley: 'close' });
  });

  createRoot(root).render(<App chat={chat} options={options} onMinimise={() => host.tell({ parley: 'close' })} />);
  host.tell({ parley: 'ready' });
}
