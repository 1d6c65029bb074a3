import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import type { Cast } from './cast.ts';
import { Scene } from './scene.ts';
import { World, type WorldStore } from './world.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

/**
 * A test in a world of its own, once for each client. It fails on whatever an actor misses, and on anything that a page or
 * a process complains about; then every window is photographed into `.parley/e2e/`.
 */
export function journey(
  name: string,
  casts: readonly Cast[],
  tell: (scene: Scene) => Promise<void>,
  store?: WorldStore,
): void {
  for (const cast of casts) {
    test(`${name} (${cast.client})`, async () => {
      const world = await World.start(store);
      const scene = new Scene(world, cast, browser);
      try {
        await tell(scene);
        expect(scene.complaints, 'what pages and processes complained about').toEqual([]);
      } catch (error) {
        const pictures = await scene.photograph(`${name} ${cast.tenant.slug}`);
        const said = world.services.flatMap(({ lastWords }) => lastWords).slice(-40);
        console.error([...pictures, ...scene.complaints, ...said].join('\n'));
        throw error;
      } finally {
        await scene.close();
        await world.close();
      }
    });
  }
}
