import { useEffect, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { Avatar } from './avatar.tsx';
import type { Floor } from './floor.ts';
import type { Words } from './words.ts';

/** Who is at the other end, and what can be done with the chat. */
export function Header({
  title,
  floor,
  isClosed,
  words,
  onMinimise,
  onSave,
  onEnd,
}: {
  title: string;
  floor: Floor;
  isClosed: boolean;
  words: Words;
  onMinimise: () => void;
  onSave: () => void;
  onEnd: () => void;
}) {
  const items = [{ name: words.save, act: onSave }, ...(isClosed ? [] : [{ name: words.end, act: onEnd }])];
  return (
    <header>
      <Avatar name={floor.with === 'consultant' ? floor.name : undefined} size={36} />
      <div className="who">
        <h1>{title}</h1>
        <p role="status" className={`floor ${floor.with}`}>
          {statusText(floor, words)}
        </p>
      </div>
      <Menu label={words.more} items={items} />
      <button type="button" className="icon" aria-label={words.minimise} title={words.minimise} onClick={onMinimise}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6 9l6 6 6-6" />
        </svg>
      </button>
      {floor.with === 'waiting' && <div className="waiting-bar" aria-hidden="true" />}
    </header>
  );
}

function statusText(floor: Floor, words: Words): string {
  if (floor.with === 'consultant') return words.talkingTo(floor.name);
  return floor.with === 'waiting' ? words.waiting : words.assistant;
}

/** Source of the keys: https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/ */
function Menu({ label, items }: { label: string; items: readonly { name: string; act: () => void }[] }) {
  const [isOpen, setOpen] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (isOpen) list.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [isOpen]);

  function close(): void {
    setOpen(false);
    button.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const all = [...(list.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (to !== undefined) all[to]?.focus();
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') return setOpen(false);
    else return;
    event.preventDefault();
  }

  return (
    <div
      className="menu"
      onBlur={({ currentTarget, relatedTarget }) => !currentTarget.contains(relatedTarget) && setOpen(false)}
    >
      <button
        ref={button}
        type="button"
        className="icon"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown') return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M5 12h.01M12 12h.01M19 12h.01" strokeWidth="3.2" />
        </svg>
      </button>
      {isOpen && (
        <div ref={list} role="menu" aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
          {items.map(({ name, act }) => (
            <button
              key={name}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                act();
              }}
            >
              {name}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
