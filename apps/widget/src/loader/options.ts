import type { Theme } from '../protocol.ts';

export interface LoaderOptions {
  readonly tokenUrl: string;
  readonly title: string;
  /** `#rrggbb` */
  readonly color: string;
  readonly position: 'left' | 'right';
  readonly locale: string;
  readonly theme: Theme;
}

/**
 * Reads the data attributes of the script tag.
 * @param surroundings what stands in for an attribute that is missing: the page's address and language.
 * @throws Error that says which attribute is missing or malformed.
 */
export function readOptions(
  data: Readonly<Record<string, string | undefined>>,
  surroundings: { baseUrl: string; language: string },
): LoaderOptions {
  const { tokenUrl, color = '#0b5c8c', position, theme } = data;
  if (!tokenUrl || !URL.canParse(tokenUrl, surroundings.baseUrl)) {
    throw new Error('Parley: the script tag needs data-token-url, the address where the bot hands out chat tokens.');
  }
  if (!/^#[0-9a-f]{6}$/i.test(color)) throw new Error(`Parley: data-color is "${color}"; it must look like #0b5c8c.`);
  return {
    tokenUrl: new URL(tokenUrl, surroundings.baseUrl).href,
    title: data['title'] || 'Chat',
    color,
    position: position === 'left' ? 'left' : 'right',
    locale: data['locale'] || surroundings.language || 'en',
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
  };
}

/** Black or white, whichever is easier to read on the colour. Source: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
export function inkOn(color: string): '#000000' | '#ffffff' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const share = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}
