import type { FrameOptions } from '../protocol.ts';
import { inkOn } from '../loader/options.ts';

/** Sets the site's colour and the chosen brightness on the page. */
export function applyTheme({ color, theme }: FrameOptions): void {
  const { style, dataset } = document.documentElement;
  style.setProperty('--brand', color);
  style.setProperty('--on-brand', inkOn(color));
  if (theme !== 'auto') dataset['theme'] = theme;
}

/** Whether the page is dark now. */
export function isDark({ theme }: FrameOptions): boolean {
  return theme === 'dark' || (theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
}

/** @returns how to stop listening. */
export function onDarkChange(listener: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}
