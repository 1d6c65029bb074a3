/// <reference lib="dom" />
import type { FrameLocator, Locator, Page } from 'playwright';
import { patience, sees } from './eventually.ts';
import type { Seat } from './seat.ts';
import type { Witness } from './witness.ts';

/** The end user, in the web chat on the client's page. */
export class User {
  readonly page: Page;
  readonly witness: Witness;
  readonly chat: FrameLocator;
  #conversation: { conversationId: string; userId: string } | undefined;

  constructor(page: Page, witness: Witness) {
    this.page = page;
    this.witness = witness;
    this.chat = page.frameLocator('#parley iframe');
    page.setDefaultTimeout(patience);
  }

  static async visits({ page, witness }: Seat, address: string): Promise<User> {
    const user = new User(page, witness);
    await page.goto(address);
    return user;
  }

  /** Opens the chat for the first time; the bot says hello. */
  async opensTheChat(): Promise<void> {
    const granted = this.page.waitForResponse((response) => response.url().endsWith('/api/token'));
    await this.launcher.click();
    this.#conversation = await (await granted).json();
    await this.field.waitFor();
    await this.sees(/I am the assistant of/);
  }

  /** How the channel calls the conversation and the user. */
  get conversation(): { conversationId: string; userId: string } {
    if (!this.#conversation) throw new Error('The user has not opened the chat');
    return this.#conversation;
  }

  /** What the desk calls a user who has given no name. */
  get nameAtTheDesk(): string {
    return `Guest ${this.conversation.userId.slice(-4)}`;
  }

  async says(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press('Enter');
    await this.sees(text);
  }

  /** Writes without sending. */
  async types(text: string): Promise<void> {
    await this.field.pressSequentially(text, { delay: 20 });
  }

  async sees(text: string | RegExp): Promise<void> {
    await sees(this.lines.filter({ hasText: text }).last()).toBeVisible();
  }

  async seesOnce(text: string | RegExp): Promise<void> {
    await sees(this.lines.filter({ hasText: text })).toHaveCount(1);
  }

  /** Everything said so far, in order. */
  async seesInOrder(...texts: (string | RegExp)[]): Promise<void> {
    await sees
      .poll(
        async () => {
          const said = await this.lines.allInnerTexts();
          let from = 0;
          return texts.every((text) => {
            const at = said.findIndex((line, index) => index >= from && contains(line, text));
            from = at + 1;
            return at >= 0;
          });
        },
        `the user reads, in this order: ${texts.join(' | ')}`,
      )
      .toBe(true);
  }

  async neverSaw(text: string | RegExp): Promise<void> {
    await sees(this.lines.filter({ hasText: text })).toHaveCount(0);
  }

  async seesReplyOf(name: string, text: string): Promise<void> {
    const reply = this.chat.locator('.consultants', { hasText: text });
    await sees(reply.last()).toBeVisible();
    await sees(this.chat.locator('.consultants .name', { hasText: name }).last()).toBeVisible();
  }

  async seesTyping(): Promise<void> {
    await sees(this.chat.locator('.webchat__typing-indicator')).toBeVisible();
  }

  async waitsForAPerson(): Promise<void> {
    await sees(this.status).toHaveText(/Waiting for a person/);
  }

  async talksTo(name: string): Promise<void> {
    await sees(this.status).toHaveText(`You are talking to ${name}`);
  }

  async talksToTheBot(): Promise<void> {
    await sees(this.status).toHaveText('Automated assistant');
  }

  async rates(stars: 1 | 2 | 3 | 4 | 5, comment: string): Promise<void> {
    const rating = this.chat.locator('form.rating');
    await rating
      .getByRole('radio')
      .nth(stars - 1)
      .check({ force: true });
    await rating.getByRole('textbox').fill(comment);
    await rating.getByRole('button', { name: 'Send rating' }).click();
    await sees(this.chat.getByText('Thank you for your rating.')).toBeVisible();
  }

  /** Goes through the bot until it gets a person. */
  async escalates(trouble: readonly (readonly [string, RegExp])[]): Promise<void> {
    for (const [line, answer] of trouble) {
      await this.says(line);
      await this.sees(answer);
    }
    await this.waitsForAPerson();
  }

  async reloads(): Promise<void> {
    await this.page.reload();
    await this.field.waitFor();
  }

  /** A second tab that the page itself opens, as a link to a new window does. */
  async opensASecondTab(): Promise<User> {
    const [tab] = await Promise.all([
      this.page.context().waitForEvent('page'),
      this.page.evaluate(() => void window.open(location.href)),
    ]);
    const second = new User(tab, this.witness);
    second.#conversation = this.#conversation;
    await second.field.waitFor();
    return second;
  }

  get launcher(): Locator {
    return this.page.locator('#parley .launcher');
  }

  get field(): Locator {
    return this.chat.locator('[data-id="webchat-sendbox-input"]');
  }

  get lines(): Locator {
    return this.chat.locator('.webchat__basic-transcript .webchat__bubble__content');
  }

  get status(): Locator {
    return this.chat.locator('header [role=status]');
  }
}

function contains(line: string, text: string | RegExp): boolean {
  return typeof text === 'string' ? line.includes(text) : text.test(line);
}
