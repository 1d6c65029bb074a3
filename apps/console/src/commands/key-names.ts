/** The keys of an event as commands name them, or undefined where they are none of ours. */
export function keysOf(
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): string | undefined {
  const { key } = event;
  if (event.altKey) return undefined;
  if (event.ctrlKey || event.metaKey)
    return key.length === 1 && !event.shiftKey ? `Ctrl ${key.toUpperCase()}` : undefined;
  if (key === '?') return '?';
  if (/^F\d+$/.test(key)) return event.shiftKey ? `Shift ${key}` : key;
  return /^[a-z]$/i.test(key) && !event.shiftKey ? key.toUpperCase() : undefined;
}
