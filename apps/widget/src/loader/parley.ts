import { frameMessages } from '../protocol.ts';
import type { FrameMessage, FrameOptions, PageMessage } from '../protocol.ts';
import { readOptions } from './options.ts';
import type { LoaderOptions } from './options.ts';
import { phone, styleOf } from './style.ts';
import { wordsFor } from './words.ts';

/** What a site can do with the chat. */
export interface ParleyChat {
  open(): void;
  /** Puts the panel away; the conversation goes on. */
  close(): void;
}

declare global {
  interface Window {
    Parley?: ParleyChat;
  }
}

/** Milliseconds until a chat page that says nothing counts as failed. */
const patienceMs = 20_000;

/** Shapes of the launcher, closed and open. */
const bubble =
  'M4 5.5h16a1.5 1.5 0 0 1 1.5 1.5v8.5A1.5 1.5 0 0 1 20 17h-8.5L7 20.5V17H4a1.5 1.5 0 0 1-1.5-1.5V7A1.5 1.5 0 0 1 4 5.5zM7.5 9.7h9M7.5 12.8h5.5';
const arrow = 'M6 9l6 6 6-6';

const script = document.currentScript as HTMLScriptElement | null;
if (script && !window.Parley) {
  const surroundings = { baseUrl: document.baseURI, language: document.documentElement.lang || navigator.language };
  window.Parley = embed(script.src, readOptions(script.dataset, surroundings));
  dispatchEvent(new Event('parley:ready'));
}

/** Draws the launcher and hangs the chat behind it. Nothing of the chat is loaded before it is wanted. */
function embed(scriptUrl: string, options: LoaderOptions): ParleyChat {
  const words = wordsFor(options.locale);
  const page = new URL('chat.html', scriptUrl);
  const memory = remember(`parley:${options.tokenUrl}`);
  const { host, launcher, badge, panel, wait, said } = draw(options);
  let frame: HTMLIFrameElement | undefined;
  let isOpen = false;
  let isGoing = false;
  let wantsFocus = false;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let bodyOverflow: string | undefined;

  function open(focus: boolean): void {
    isOpen = true;
    wantsFocus = focus;
    load();
    panel.classList.add('open');
    panel.inert = false;
    launcher.setAttribute('aria-expanded', 'true');
    memory.set('open');
    setUnread(0);
    adapt();
    if (panel.classList.contains('ready')) show();
    else if (focus) panel.focus();
  }

  function close(focus: boolean): void {
    if (!isOpen) return;
    isOpen = false;
    panel.classList.remove('open');
    panel.inert = true;
    launcher.setAttribute('aria-expanded', 'false');
    memory.set(isGoing ? 'minimised' : '');
    setUnread(0);
    adapt();
    tell({ parley: 'hidden' });
    if (focus) launcher.focus();
  }

  function load(): void {
    if (frame) return;
    const { color, locale, theme, title, tokenUrl } = options;
    const fragment: Record<keyof FrameOptions, string> = {
      host: location.origin,
      token: tokenUrl,
      title,
      color,
      locale,
      theme,
    };
    frame = document.createElement('iframe');
    frame.title = title;
    frame.allow = 'clipboard-write';
    frame.src = `${page.href}#${new URLSearchParams(fragment)}`;
    panel.append(frame);
    setWaiting(words.loading, false);
    patience = setTimeout(() => setWaiting(words.failed, true), patienceMs);
  }

  function reload(): void {
    frame?.remove();
    frame = undefined;
    load();
  }

  function show(): void {
    if (wantsFocus) frame?.focus();
    tell({ parley: 'shown', focus: wantsFocus });
  }

  function tell(message: PageMessage): void {
    frame?.contentWindow?.postMessage(message, page.origin);
  }

  function hear({ data, origin, source }: MessageEvent): void {
    if (origin !== page.origin || !frame || source !== frame.contentWindow) return;
    const message = data as FrameMessage | null;
    if (typeof message !== 'object' || !message || !frameMessages.includes(message.parley)) return;
    if (message.parley === 'ready') {
      clearTimeout(patience);
      panel.classList.add('ready');
      if (isOpen) show();
    } else if (message.parley === 'close') {
      close(true);
    } else if (message.parley === 'conversation') {
      isGoing = message.going;
      if (!isOpen) memory.set(isGoing ? 'minimised' : '');
    } else if (!isOpen) {
      setUnread(Math.max(0, Math.min(99, Math.trunc(message.count) || 0)), message.from);
    }
  }

  function setUnread(count: number, from?: string): void {
    badge.hidden = count === 0;
    badge.textContent = String(count);
    const name = isOpen ? words.close : words.open;
    launcher.setAttribute('aria-label', count > 0 ? `${name}, ${words.unread(count)}` : name);
    said.textContent =
      count > 0 ? words.unread(count) + (typeof from === 'string' ? `: ${from.slice(0, 80)}` : '') : '';
  }

  function setWaiting(text: string, failed: boolean): void {
    const [ring, line, retry, leave] = wait.children as unknown as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
    ring.hidden = failed;
    line.textContent = text;
    retry.hidden = !failed;
    leave.hidden = false;
  }

  /** On a phone the panel covers the page, which then must not scroll behind it. */
  function adapt(): void {
    const covers = isOpen && matchMedia(phone).matches;
    const { style } = document.documentElement;
    if (covers && bodyOverflow === undefined) {
      bodyOverflow = style.overflow;
      style.overflow = 'hidden';
    } else if (!covers && bodyOverflow !== undefined) {
      style.overflow = bodyOverflow;
      bodyOverflow = undefined;
    }
    launcher.hidden = covers;
    panel.setAttribute('aria-modal', String(covers));
  }

  launcher.onclick = () => (isOpen ? close(true) : open(true));
  for (const part of [launcher, panel]) {
    part.onkeydown = (event) => {
      if (event.key === 'Escape' && isOpen) close(true);
    };
  }
  wait.onclick = ({ target }) => {
    const act = (target as HTMLElement).dataset['act'];
    if (act === 'retry') reload();
    else if (act === 'close') close(true);
  };
  addEventListener('message', hear);
  matchMedia(phone).onchange = adapt;
  const attach = () => document.body.append(host);
  if (document.body) attach();
  else document.addEventListener('DOMContentLoaded', attach, { once: true });

  setUnread(0);
  const before = memory.get();
  if (before === 'open') open(false);
  // A conversation goes on behind the launcher, whose badge is to say when somebody has answered.
  else if (before === 'minimised') (window.requestIdleCallback ?? setTimeout)(load);

  return { open: () => open(true), close: () => close(false) };
}

function draw(options: LoaderOptions) {
  const words = wordsFor(options.locale);
  const host = document.createElement('div');
  host.id = 'parley';
  const root = host.attachShadow({ mode: 'open' });
  // A constructed sheet passes a site's `style-src`, an element with text would not.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styleOf(options));
  root.adoptedStyleSheets = [sheet];

  const said = make('div', 'said', { role: 'status' });
  const badge = make('span', 'badge', { 'aria-hidden': 'true' });
  const launcher = make('button', 'launcher', { type: 'button', 'aria-expanded': 'false', 'aria-haspopup': 'dialog' });
  launcher.append(icon(bubble), icon(arrow), badge);
  const panel = make('div', 'panel', { role: 'dialog', 'aria-label': options.title, tabindex: '-1' });
  panel.inert = true;
  const wait = make('div', 'wait', {});
  const retry = make('button', '', { type: 'button', 'data-act': 'retry' });
  retry.textContent = words.retry;
  const leave = make('button', '', { type: 'button', 'data-act': 'close' });
  leave.textContent = words.close;
  wait.append(make('div', 'ring', {}), make('p', '', { role: 'status' }), retry, leave);
  panel.append(wait);
  root.append(launcher, panel, said);
  return { host, launcher, badge, panel, wait, said };
}

function make<Tag extends 'button' | 'div' | 'p' | 'span'>(
  tag: Tag,
  className: string,
  attributes: Record<string, string>,
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function icon(shape: string): SVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(namespace, 'path');
  path.setAttribute('d', shape);
  svg.append(path);
  return svg;
}

/** A site may run where storage is forbidden; then nothing is remembered and everything else works. */
function remember(key: string) {
  return {
    get(): string | null {
      try {
        return sessionStorage.getItem(key);
      } catch {
        return null;
      }
    },
    set(value: 'open' | 'minimised' | ''): void {
      try {
        if (value) sessionStorage.setItem(key, value);
        else sessionStorage.removeItem(key);
      } catch {
        // Nothing to do about it.
      }
    },
  };
}
