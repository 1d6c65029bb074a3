/// <reference lib="dom" />
import { readFile } from 'node:fs/promises';
import { sees, until } from './eventually.ts';
import { Staff } from './staff.ts';

/** Who looks after the desk: watches live, reviews afterwards. */
export class Supervisor extends Staff {
  /** Follows a conversation while it happens. */
  async watches(user: string): Promise<void> {
    await this.goesTo('Live');
    await this.opens(user);
  }

  /** Looks for words in what was kept. */
  async searches(words: string): Promise<void> {
    await this.goesTo('Transcripts');
    await this.page.getByRole('textbox', { name: 'Search what was said' }).fill(words);
  }

  async finds(user: string): Promise<void> {
    await this.page.getByRole('region', { name: 'Search' }).locator('[data-row]', { hasText: user }).click();
    await sees(this.page.getByRole('main').getByRole('heading', { name: user })).toBeVisible();
  }

  /** Reads a transcript from its beginning until a line comes into sight. */
  async reads(text: string | RegExp): Promise<void> {
    await this.thread.evaluate((scroller) => scroller.scrollTo({ top: 0 }));
    await until(async () => {
      const line = this.thread.getByText(text).last();
      if (await line.isVisible()) return;
      await this.thread.evaluate((scroller) => scroller.scrollBy({ top: scroller.clientHeight * 0.7 }));
      throw new Error(`${this.name} does not find ${text} in the transcript`);
    });
  }

  /** Sees how the conversation ended, beside the transcript. */
  async seesOutcome(name: string): Promise<void> {
    const facts = this.page.locator('dl', { hasText: 'State' });
    await sees(facts.locator('dt', { hasText: 'Outcome' }).locator('xpath=following-sibling::dd[1]')).toHaveText(name);
  }

  /** @returns the file's name and text */
  async exports(
    format: 'Text' | 'JSON, everything' | 'Bot Framework .transcript',
  ): Promise<{ name: string; text: string }> {
    await this.page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('menuitem', { name: format }).click(),
    ]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
  }
}
