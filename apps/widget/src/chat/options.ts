import type { FrameOptions } from '../protocol.ts';

/**
 * Reads what the loader wrote into the fragment of the page's address.
 * @throws Error when the page was not opened by the loader.
 */
export function readFrameOptions(fragment: string): FrameOptions {
  const said = new URLSearchParams(fragment.replace(/^#/, ''));
  const host = said.get('host') ?? '';
  const token = said.get('token') ?? '';
  if (!URL.canParse(host) || !isSafe(token))
    throw new Error('This page belongs into a site that embeds parley.js; it cannot be opened by itself.');
  const color = said.get('color') ?? '';
  const theme = said.get('theme');
  return {
    host: new URL(host).origin,
    token,
    title: (said.get('title') || 'Chat').slice(0, 80),
    color: /^#[0-9a-f]{6}$/i.test(color) ? color : '#0b5c8c',
    locale: /^[a-z]{2,3}(-[a-z0-9]{1,8})*$/i.test(said.get('locale') ?? '') ? said.get('locale')! : 'en',
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
  };
}

/** Tokens travel encrypted, or do not leave the machine. */
function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { hostname, protocol } = new URL(address);
  return (
    protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\]|.+\.localhost)$/.test(hostname))
  );
}
