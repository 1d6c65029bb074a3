import type { Locator } from 'playwright';
import { sees, until } from './eventually.ts';
import { Staff } from './staff.ts';

/** Who takes conversations over. */
export class Consultant extends Staff {
  async goesAvailable(): Promise<void> {
    await this.#becomes('Available');
  }

  async goesAway(): Promise<void> {
    await this.#becomes('Away');
  }

  async #becomes(state: 'Available' | 'Away'): Promise<void> {
    await this.presence.click();
    await this.page.getByRole('menuitemradio', { name: state }).click();
    await sees(this.presence).toHaveText(new RegExp(state));
  }

  offerOf(user: string): Locator {
    return this.page.getByRole('article', { name: `Offer: ${user}` });
  }

  /** An offer with everything needed to decide. */
  async seesOffer(
    user: string,
    { reason, lines, queue }: { reason: string; lines: readonly string[]; queue: string },
  ): Promise<void> {
    const offer = this.offerOf(user);
    await sees(offer).toBeVisible();
    await sees(offer).toContainText(reason);
    await sees(offer).toContainText(queue);
    for (const line of lines)
      await sees(offer.getByRole('list', { name: 'Last words of the user' })).toContainText(line);
  }

  /** Accepts what is offered, by the key A; the composer is then ready. */
  async acceptsByKey(user: string): Promise<void> {
    await sees(this.offerOf(user)).toBeVisible();
    await this.presses('a');
    await this.holds(user);
  }

  async holds(user: string): Promise<void> {
    await sees(this.page.getByRole('heading', { level: 1, name: user })).toBeVisible();
    await sees(this.thread).toBeVisible();
    await sees(this.composer).toContainText('You hold this');
    await sees(this.box).toBeFocused();
  }

  /** What the user and the bot said, folded into one line that opens. */
  async unfoldsTheBotPart(): Promise<void> {
    const fold = this.thread.getByRole('button', { name: /^With the bot/ });
    await sees(fold).toHaveAttribute('aria-expanded', 'false');
    await fold.click();
    await sees(fold).toHaveAttribute('aria-expanded', 'true');
  }

  async types(text: string): Promise<void> {
    await this.box.pressSequentially(text, { delay: 20 });
  }

  /** Enter sends; right after a line of the user it asks for a second Enter. */
  async replies(text: string): Promise<void> {
    await this.box.fill(text);
    await this.#sends();
    await this.seesLine(text);
  }

  async sendsWhatIsWritten(): Promise<void> {
    await this.#sends();
  }

  async #sends(): Promise<void> {
    await this.box.press('Enter');
    const asked = this.composer.getByText('A new message came in just now');
    await until(async () => {
      if (await asked.isVisible()) await this.box.press('Enter');
      await sees(this.box).toHaveValue('', { timeout: 500 });
    });
  }

  /** Sends while the desk cannot be reached: the line is kept and shown as waiting. */
  async queues(text: string): Promise<void> {
    await this.box.fill(text);
    await this.#sends();
    await sees(this.thread.locator('[data-pending]', { hasText: text })).toContainText('queued');
  }

  async hasNothingQueued(): Promise<void> {
    await sees(this.thread.locator('[data-pending]')).toHaveCount(0);
  }

  async seesTypingOf(user: string): Promise<void> {
    await sees(this.page.getByText(`${user} is typing…`)).toBeVisible();
  }

  /** Writes without sending; the desk keeps it. */
  async drafts(text: string): Promise<void> {
    await this.box.fill(text);
    await sees(this.composer).toContainText('Draft saved');
  }

  async seesDraft(text: string): Promise<void> {
    await sees(this.box).toHaveValue(text);
  }

  /** The console may ask once more for what has just left its hands, and is told that it is not there. */
  givesAway(): void {
    this.witness.tolerates(/status of 404 .*\/v1\/conversations\//);
  }

  async transfersTo(name: string, comment: string): Promise<void> {
    this.givesAway();
    await this.presses('t');
    const form = this.page.getByRole('form', { name: 'Transfer' });
    await form.getByRole('radio', { name: new RegExp(name) }).check();
    await form.getByLabel('What they should know').fill(comment);
    await form.getByRole('button', { name: `Give to ${name}` }).click();
    await this.isToldThat(new RegExp(`goes to ${name}`));
  }

  async handsBackToTheBot({
    outcome,
    comment,
    promise,
  }: {
    outcome: string;
    comment: string;
    promise: string;
  }): Promise<void> {
    await this.presses('b');
    const form = this.page.getByRole('form', { name: 'Back to the bot' });
    await form.getByLabel('Outcome').selectOption({ label: outcome });
    await form.getByLabel('What the bot should know').fill(comment);
    await form.getByLabel('Promises made, one a line').fill(promise);
    await form.getByRole('button', { name: 'Give back' }).click();
    await this.isToldThat(/is back with/);
  }

  async closes(outcome: string, comment: string): Promise<void> {
    await this.presses('e');
    const form = this.page.getByRole('form', { name: 'Close' });
    await form.getByRole('radio', { name: outcome }).check();
    await form.getByLabel('Comment').fill(comment);
    await form.getByRole('button', { name: 'Close conversation' }).click();
    await this.isToldThat(/is closed\./);
  }

  /** What the giver of a conversation wanted its receiver to know stays above the composer. */
  async seesPinned(comment: string, giver: string): Promise<void> {
    await sees(this.composer).toContainText(`${giver} handed this over: ${comment}`);
  }

  /** A conversation in one of the lists. */
  row(user: string): Locator {
    return this.page.getByRole('region', { name: 'Conversations' }).locator('[data-row]', { hasText: user });
  }

  get box(): Locator {
    return this.composer.getByRole('textbox');
  }

  get presence(): Locator {
    return this.page.getByRole('button', { name: /^You:/ });
  }
}
