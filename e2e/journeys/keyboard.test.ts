/// <reference lib="dom" />
import { bankx } from '../actors/cast.ts';
import { Consultant } from '../actors/consultant.ts';
import { sees } from '../actors/eventually.ts';
import { journey } from '../actors/journey.ts';

journey('R4 a declined offer goes to the next; the whole job is done without a mouse', [bankx], async (scene) => {
  const { cast, world } = scene;
  const user = await scene.user();
  const lukas = await scene.consultant(cast.colleague);
  const seat = await scene.seat(cast.consultant.name);
  await seat.context.addInitScript(() => {
    for (const name of ['pointerdown', 'mousedown'])
      window.addEventListener(name, () => console.error(`A mouse was used: ${name}`), { capture: true });
  });
  const ana = new Consultant(seat, world.desk.url, 'contoso', cast.consultant);
  const { page } = ana;
  const { keyboard } = page;
  const type = (text: string) => keyboard.type(text, { delay: 10 });
  /** Goes forward until the element has the focus, as somebody would who sees it coming. */
  const tabTo = async (element: ReturnType<typeof page.locator>) => {
    for (let step = 0; step < 40; step++) {
      if (await element.evaluate((one) => one === document.activeElement)) return;
      await keyboard.press('Tab');
    }
    throw new Error(`Tab never reaches ${element}`);
  };
  const inMenu = async (action: string) => {
    await keyboard.press('Control+k');
    await sees(page.getByRole('combobox', { name: 'Search or do' })).toBeFocused();
    await type(action);
    await sees(page.getByRole('option', { selected: true })).toContainText(action);
    await keyboard.press('Enter');
  };

  await page.goto(world.desk.url);
  await sees(page.getByLabel('Organisation')).toBeFocused();
  await type('contoso');
  await keyboard.press('Enter');
  await sees(page.getByRole('heading', { name: 'Choose an account' })).toBeVisible();
  await tabTo(page.getByRole('button', { name: ana.name }));
  await keyboard.press('Enter');
  await ana.isAtTheDesk();
  await inMenu('Go Available');
  await sees(ana.presence).toHaveText(/Available/);

  // Lukas comes later, so that the first offer is Ana's.
  await user.opensTheChat();
  const guest = user.nameAtTheDesk;
  await user.escalates(cast.trouble);
  await sees(ana.offerOf(guest)).toBeVisible();
  await lukas.goesAvailable();
  await inMenu('Decline the offer');
  await sees(page.getByRole('button', { name: 'Busy with another' })).toBeFocused();
  await keyboard.press('Enter');
  await sees(ana.offerOf(guest)).toHaveCount(0);
  await lukas.seesOffer(guest, { reason: cast.reason, queue: cast.queue, lines: [] });
  await lukas.acceptsByKey(guest);
  await lukas.seesLine(`${ana.name} declined: Busy with another`);

  await lukas.transfersTo(ana.name, 'You know this one');
  await sees(ana.offerOf(guest)).toBeVisible();
  await keyboard.press('a');
  await ana.holds(guest);
  await ana.seesPinned('You know this one', lukas.name);

  await type('Hello, I read everything.');
  await keyboard.press('Enter');
  await user.seesReplyOf(ana.name, 'Hello, I read everything.');

  await type('/');
  const replies = page.getByRole('listbox', { name: 'Replies and actions' });
  const count = await replies.getByRole('option').count();
  for (let step = 1; step < count; step++) await keyboard.press('ArrowDown');
  await sees(replies.getByRole('option').last()).toHaveAttribute('aria-selected', 'true');
  await sees(replies.getByRole('option').last()).toBeInViewport();
  await keyboard.press('Escape');
  await sees(replies).toHaveCount(0);
  await sees(ana.box).toHaveValue('/');
  await keyboard.press('Backspace');

  await keyboard.press('Escape');
  await keyboard.press('n');
  await sees(page.getByLabel('Note for the desk')).toBeFocused();
  await type('Calm today');
  await keyboard.press('Enter');
  await ana.seesLine('Calm today');

  await keyboard.press('Escape');
  await keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await sees(sheet).toContainText('Give back to the bot');
  await keyboard.press('Escape');
  await sees(sheet).toHaveCount(0);

  const paneOfFocus = () =>
    page.evaluate(() => document.activeElement?.closest('[data-pane-root]')?.getAttribute('aria-label') ?? 'thread');
  const walked: string[] = [];
  for (let step = 0; step < 4; step++) {
    await keyboard.press('F6');
    walked.push(await paneOfFocus());
  }
  const order = ['Conversations', 'thread', 'Composer', 'Context'];
  const start = order.indexOf(walked[0] ?? '');
  sees(walked).toEqual(order.map((_, index) => order[(start + index) % 4]));
  await keyboard.press('Shift+F6');
  sees(await paneOfFocus()).toBe(order[(start + 2) % 4]);

  // To Lukas and back again.
  ana.givesAway();
  await ana.presses('t');
  const transfer = page.getByRole('form', { name: 'Transfer' });
  await sees(transfer.getByRole('radio', { name: 'Cards' })).toBeFocused();
  const toLukas = transfer.getByRole('radio', { name: new RegExp(lukas.name) });
  for (let step = 0; step < 8 && !(await toLukas.isChecked()); step++) await keyboard.press('ArrowDown');
  await keyboard.press('Tab');
  await sees(transfer.getByLabel('What they should know')).toBeFocused();
  await type('Not about cards');
  await keyboard.press('Enter');
  await ana.isToldThat(new RegExp(`goes to ${lukas.name}`));
  await lukas.acceptsByKey(guest);
  await lukas.seesPinned('Not about cards', ana.name);
  await lukas.transfersTo(ana.name, 'But it is');
  await sees(ana.offerOf(guest)).toBeVisible();
  await keyboard.press('a');
  await ana.holds(guest);

  await ana.presses('b');
  const handBack = page.getByRole('form', { name: 'Back to the bot' });
  await sees(handBack.getByLabel('Outcome')).toBeFocused();
  await type('Res');
  await sees(handBack.getByLabel('Outcome')).toHaveValue('resolved');
  await keyboard.press('Tab');
  await type('Nothing left');
  await keyboard.press('Enter');
  await ana.isToldThat(/is back with/);
  await user.sees(/It.s me again, the assistant\./);

  // The next handoff of the same user, closed this time.
  await lukas.goesAway();
  await user.says('I want to talk to a person');
  await sees(ana.offerOf(guest)).toBeVisible();
  await keyboard.press('a');
  await ana.holds(guest);
  await ana.presses('e');
  const close = page.getByRole('form', { name: 'Close' });
  await sees(close.getByRole('radio', { name: 'Resolved' })).toBeFocused();
  await keyboard.press('Space');
  await keyboard.press('Tab');
  await type('All said');
  await keyboard.press('Enter');
  await ana.isToldThat(/is closed\./);
  await user.sees(/The conversation with our consultant is finished/);
});
