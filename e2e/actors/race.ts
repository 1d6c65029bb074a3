import type { Page } from 'playwright';

/** Lets the requests of several pages go only when all of them are there: nobody is quicker by accident. */
export async function startTogether(pages: readonly Page[], path: RegExp): Promise<void> {
  const everybody = Promise.withResolvers<void>();
  let missing = pages.length;
  for (const page of pages) {
    await page.route(
      path,
      async (route) => {
        missing -= 1;
        if (missing === 0) everybody.resolve();
        await everybody.promise;
        await route.continue();
      },
      { times: 1 },
    );
  }
}
