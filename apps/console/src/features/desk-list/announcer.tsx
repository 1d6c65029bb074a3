import type { Conversation } from '@parley/contracts';
import { useEffect, useRef, useState } from 'react';
import { userName } from '../../words/people-words.ts';

/** Tells screen readers of offers at once, and of the other conversations as a count at most every 10 s. */
export function Announcer({
  offers,
  unread,
  current,
}: {
  offers: readonly Conversation[];
  unread: ReadonlyMap<string, number>;
  current: string | undefined;
}) {
  const [summary, setSummary] = useState('');
  const others = [...unread].filter(([id, count]) => id !== current && count > 0);
  const text =
    others.length === 0
      ? ''
      : `${others.reduce((sum, [, count]) => sum + count, 0)} unread in ${others.length} other ${others.length === 1 ? 'conversation' : 'conversations'}`;
  const saidAt = useRef(-Infinity);
  useEffect(() => {
    const wait = Math.max(0, saidAt.current + 10_000 - performance.now());
    const timer = setTimeout(() => {
      saidAt.current = performance.now();
      setSummary(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  const offer = offers[0];
  return (
    <div className="visually-hidden">
      <div role="alert">
        {offer === undefined
          ? ''
          : `${userName(offer.user)} is offered to you: ${offer.handoff?.reason ?? 'asked for a human'}. Press A to accept.`}
      </div>
      <div role="status">{summary}</div>
    </div>
  );
}
