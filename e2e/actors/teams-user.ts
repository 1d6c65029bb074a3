import type { Locator, Page } from 'playwright';
import { patience, sees } from './eventually.ts';
import type { Seat } from './seat.ts';

/** The end user in a personal chat with the bot, on the sandbox's stand-in for Microsoft Teams. */
export class TeamsUser {
  readonly page: Page;
  readonly name: string;

  private constructor(page: Page, name: string) {
    this.page = page;
    this.name = name;
    page.setDefaultTimeout(patience);
  }

  static async visits({ page }: Seat, address: string, name: string, bot: string): Promise<TeamsUser> {
    const user = new TeamsUser(page, name);
    await page.goto(address);
    await page.getByLabel('Your name').fill(name);
    await page.getByLabel('Bot').selectOption({ label: bot });
    await page.getByRole('button', { name: 'Open chat' }).click();
    await sees(page.getByRole('heading', { name: bot })).toBeVisible();
    return user;
  }

  async says(text: string): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(text);
    await this.page.getByRole('button', { name: 'Send' }).click();
    await this.sees(text);
  }

  async sees(text: string | RegExp): Promise<void> {
    await sees(this.messages.filter({ hasText: text }).last()).toBeVisible();
  }

  async seesOnce(text: string | RegExp): Promise<void> {
    await sees(this.messages.filter({ hasText: text })).toHaveCount(1);
  }

  async escalates(trouble: readonly (readonly [string, RegExp])[]): Promise<void> {
    for (const [line, answer] of trouble) {
      await this.says(line);
      await this.sees(answer);
    }
  }

  get messages(): Locator {
    return this.page.getByRole('log', { name: 'Messages' }).getByRole('listitem');
  }
}
