/// <reference lib="dom" />
import type { Locator, Page } from 'playwright';
import type { Person } from '@parley/sandbox';
import { patience, sees } from './eventually.ts';
import type { Seat } from './seat.ts';
import type { Witness } from './witness.ts';

/** Somebody who works at the desk, in the console. */
export class Staff {
  readonly page: Page;
  readonly witness: Witness;
  readonly person: Person;
  readonly address: string;
  readonly client: string;

  constructor({ page, witness }: Seat, deskUrl: string, client: string, person: Person) {
    this.page = page;
    this.witness = witness;
    this.person = person;
    this.client = client;
    this.address = `${deskUrl}/${client}`;
    page.setDefaultTimeout(patience);
  }

  get name(): string {
    return this.person.name;
  }

  /** By MSAL, through the account page of the sandbox. */
  async signsIn(): Promise<void> {
    await this.page.goto(this.address);
    await this.choosesAccount();
    await this.isAtTheDesk();
  }

  async choosesAccount(): Promise<void> {
    await this.page.getByRole('heading', { name: 'Choose an account' }).waitFor();
    await this.page.getByRole('button', { name: this.name }).click();
  }

  async isAtTheDesk(): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Places' }).waitFor();
    await this.isLive();
  }

  async goesTo(place: 'Desk' | 'Live' | 'Transcripts' | 'Settings'): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Places' }).getByRole('link', { name: place }).click();
  }

  /** Opens a conversation of a list by its user's name. */
  async opens(user: string): Promise<void> {
    await this.page.locator('[data-row]', { hasText: user }).click();
    await sees(this.page.getByRole('heading', { level: 1, name: user })).toBeVisible();
  }

  async seesLine(text: string | RegExp): Promise<void> {
    await sees(this.thread.getByText(text).last()).toBeVisible();
  }

  async seesLineOnce(text: string | RegExp): Promise<void> {
    await sees(this.thread.getByText(text)).toHaveCount(1);
  }

  async isToldThat(text: string | RegExp): Promise<void> {
    await sees(this.page.getByText(text).last()).toBeVisible();
  }

  /** The console says that what it shows is true. */
  async isLive(): Promise<void> {
    await sees(this.connection).toHaveText(/^Live/);
  }

  async isReconnecting(): Promise<void> {
    await sees(this.connection).toHaveText(/^Reconnecting/);
  }

  async writesNote(text: string): Promise<void> {
    await this.composer.getByRole('tab', { name: 'Note' }).click();
    await this.composer.getByRole('textbox').fill(text);
    await this.composer.getByRole('textbox').press('Enter');
    await this.seesLine(text);
  }

  /** Presses a key that acts outside text fields. */
  async presses(key: string): Promise<void> {
    const writing = await this.page.evaluate(() => document.activeElement instanceof HTMLTextAreaElement);
    if (writing) await this.page.keyboard.press('Escape');
    await this.page.keyboard.press(key);
  }

  get thread(): Locator {
    return this.page.getByRole('log');
  }

  get composer(): Locator {
    return this.page.getByRole('region', { name: 'Composer' });
  }

  get connection(): Locator {
    return this.page.locator('button[title$="Click to look now."]');
  }
}
