import { readFile } from 'node:fs/promises';
import { sees } from './eventually.ts';
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
    await sees(this.page.getByRole('heading', { level: 2, name: user })).toBeVisible();
  }

  /** @returns the file's name and text */
  async exports(format: 'Text' | 'JSON, everything' | 'Bot Framework .transcript'): Promise<{ name: string; text: string }> {
    await this.page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('menuitem', { name: format }).click(),
    ]);
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
  }
}
