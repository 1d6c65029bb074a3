import type { Attachment } from '@parley/contracts';
import { AttachRegular } from '@fluentui/react-icons';
import { useMemo } from 'react';
import { cardText, safeHref, textParts } from './plain-text.ts';
import styles from './thread.module.css';

/** Text as it was typed: no markup, web addresses clickable. */
export function Spoken({ text }: { text: string }) {
  const parts = useMemo(() => textParts(text), [text]);
  return (
    <span className={styles['text']}>
      {parts.map((part, index) =>
        part.href === undefined ? (
          part.text
        ) : (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ),
      )}
    </span>
  );
}

export function Attachments({ items }: { items: readonly Attachment[] | undefined }) {
  if (items === undefined || items.length === 0) return null;
  return (
    <ul className={styles['attachments']} aria-label="Attachments">
      {items.map((item, index) => {
        const href = safeHref(item.url);
        const name = item.name ?? kindOf(item.contentType);
        const words = cardText(item.content);
        return (
          <li key={index}>
            <AttachRegular aria-hidden />
            {href === undefined ? (
              <span>{words.length > 0 ? words.join(' · ') : name}</span>
            ) : (
              <a href={href} target="_blank" rel="noopener noreferrer nofollow">
                {name}
              </a>
            )}
            <small>{kindOf(item.contentType)}</small>
          </li>
        );
      })}
    </ul>
  );
}

function kindOf(contentType: string): string {
  if (contentType.startsWith('application/vnd.microsoft.card')) return 'card';
  if (contentType.startsWith('image/')) return 'image';
  return contentType.split('/').at(-1) ?? contentType;
}
